import { GetParameter$, type GetParameterRequest, type GetParameterResult } from '@aws-sdk/client-ssm';
import { ACCOUNT } from '../../identity';
import { validationError } from '../../services/constraints';
import { ServiceError } from '../../services/errors';
import { operation, type Service } from '../../services/service';
import { awsJson1_1 } from '../../services/wire/aws-json';

/** Systems Manager, with the parameters that are given. */
export function systemsManager(parameters: ReadonlyMap<string, string>): Service {
  return {
    name: 'ssm',
    protocol: awsJson1_1(['AmazonSSM']),
    operations: [operation<GetParameterRequest, GetParameterResult>(GetParameter$, {}, ({ Name: name = '' }, { region }) => {
      const value = parameters.get(name);
      if (value === undefined) throw new ServiceError(400, 'ParameterNotFound', '');
      return { Parameter: { Name: name, Type: 'String', Value: value, Version: 1, ARN: `arn:aws:ssm:${region}:${ACCOUNT}:parameter${name}`, DataType: 'text' } };
    })],
    refuse: validationError,
  };
}

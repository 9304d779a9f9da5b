import { settingOperations } from './settings';
import { snapshotOperations } from './snapshots';
import { tagOperations } from './tags';
import type { Violation } from '../constraints';
import { ServiceError } from '../errors';
import type { Service } from '../service';
import { ec2Query } from '../wire/query';

/** The part of EC2 in which snapshots are seen and deleted. */
export function elasticComputeCloud(): Service {
  return {
    name: 'ec2',
    protocol: ec2Query('http://ec2.amazonaws.com/doc/2016-11-15/'),
    operations: [...snapshotOperations(), ...tagOperations(), ...settingOperations()],
    refuse,
  };
}

/** EC2 complains of one thing at a time. */
function refuse([{ member, kind, value, constraint }]: readonly Violation[]): ServiceError {
  const name = member.charAt(0).toUpperCase() + member.slice(1);
  return kind === 'missing'
    ? new ServiceError(400, 'MissingParameter', `The request must contain the parameter ${name}`)
    : new ServiceError(400, 'InvalidParameterValue', `Value (${String(value)}) for parameter ${name} is invalid. ${constraint}`);
}

import { validationError } from '../constraints';
import type { Environment, Service } from '../service';
import { restJson } from '../wire/rest-json';

export function elasticBlockStore(_environment: Environment): Service {
  return { name: 'ebs', protocol: restJson, operations: [], refuse: validationError };
}

import * as client from '@aws-sdk/client-storage-gateway';
import { activationOperations } from './activation';
import { diskOperations } from './disks';
import { invalidRequest } from './errors';
import { gatewayOperations } from './gateway-lifecycle';
import { gatewaySettingOperations } from './gateway-settings';
import { snapshotScheduleOperations } from './snapshot-schedules';
import { snapshotOperations } from './snapshots';
import { tagOperations } from './tags';
import { volumeCreationOperations } from './volume-creation';
import { volumeOperations } from './volumes';
import type { Appliances } from '../appliances/appliances';
import { validationError } from '../constraints';
import { operation, type Environment, type Operation, type Service } from '../service';
import { awsJson1_1 } from '../wire/aws-json';
import type { OperationSchema } from '../wire/protocol';

/** The second is what clients of the first days send. */
const TARGET_PREFIXES = ['StorageGateway_20130630', 'StorageGateway_20120630'];

export function storageGateway(environment: Environment, appliances: Appliances): Service {
  const operations = [
    ...activationOperations(environment, appliances),
    ...gatewayOperations(appliances),
    ...gatewaySettingOperations(appliances),
    ...diskOperations(appliances),
    ...volumeCreationOperations(appliances),
    ...volumeOperations(appliances),
    ...snapshotOperations(appliances),
    ...snapshotScheduleOperations(appliances),
    ...tagOperations(),
  ];
  return {
    name: 'storagegateway',
    protocol: awsJson1_1(TARGET_PREFIXES),
    operations: [...operations, ...refusals(operations)],
    refuse: validationError,
  };
}

/** Operations that the service has and this one has not: refused, because an empty success would be a lie. */
function refusals(present: readonly Operation[]): Operation[] {
  const names = new Set(present.map(({ schema }) => schema[2]));
  return Object.values(client)
    .filter(isOperation)
    .filter((schema) => !names.has(schema[2]))
    .map((schema) => operation(schema, {}, () => {
      throw invalidRequest('NotSupported');
    }));
}

/** The kind of schema that stands at the beginning of each. */
const OPERATION = 9;

const isOperation = (value: unknown): value is OperationSchema => Array.isArray(value) && value[0] === OPERATION;

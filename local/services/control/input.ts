import { ControlError, type ApplianceChange } from './control';
import type { DiskSpecification } from '../appliances/appliance';
import type { Fault, FaultError } from '../faults';

type Body = Readonly<Record<string, unknown>>;

export function assertWish(body: Body): { disks?: DiskSpecification[]; ec2InstanceId?: string } {
  onlyKnown(body, ['disks', 'ec2InstanceId']);
  const { disks, ec2InstanceId } = body;
  if (disks !== undefined && !Array.isArray(disks)) {
    throw wrong('disks', disks, 'a list of {"node","sizeInBytes"}');
  }
  return {
    ...(disks !== undefined && { disks: disks.map((disk, index) => assertDisk(disk, `disks[${index}]`)) }),
    ...(ec2InstanceId !== undefined && { ec2InstanceId: assertString(ec2InstanceId, 'ec2InstanceId') }),
  };
}

export function assertChange(body: Body): ApplianceChange {
  onlyKnown(body, ['connected', 'attachDisk', 'failDisk']);
  const { connected, attachDisk, failDisk } = body;
  if (connected !== undefined && typeof connected !== 'boolean') {
    throw wrong('connected', connected, 'true or false');
  }
  return {
    ...(connected !== undefined && { connected }),
    ...(attachDisk !== undefined && { attachDisk: assertDisk(attachDisk, 'attachDisk') }),
    ...(failDisk !== undefined && { failDisk: assertString(failDisk, 'failDisk') }),
  };
}

export function assertPositive(body: Body, name: string): number {
  onlyKnown(body, [name]);
  const value = body[name];
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw wrong(name, value, 'a number of at least 0');
  }
  return value;
}

export function assertInitiator(body: Body): string {
  onlyKnown(body, ['initiator']);
  const initiator = assertString(body.initiator, 'initiator');
  if (!/^[^\s:]+:\d+$/.test(initiator) || initiator.length > 50) {
    throw wrong('initiator', initiator, '"host:port" of at most 50 characters');
  }
  return initiator;
}

export function assertFault(body: Body): Fault {
  onlyKnown(body, ['service', 'operation', 'when', 'nth', 'times', 'error']);
  const { when, error } = body;
  if (when !== 'before' && when !== 'after') {
    throw wrong('when', when, '"before" or "after"');
  }
  return {
    service: assertString(body.service, 'service'),
    operation: assertString(body.operation, 'operation'),
    when,
    ...(body.nth !== undefined && { nth: assertCount(body.nth, 'nth') }),
    ...(body.times !== undefined && { times: assertCount(body.times, 'times') }),
    ...(error !== undefined && { error: assertError(error) }),
  };
}

function assertError(value: unknown): FaultError | 'reset' | 'hang' {
  if (value === 'reset' || value === 'hang') {
    return value;
  }
  if (value === null || typeof value !== 'object') {
    throw wrong('error', value, '{"status","type","errorCode"?,"message"}, "reset" or "hang"');
  }
  const error = value as Body;
  onlyKnown(error, ['status', 'type', 'errorCode', 'message']);
  return {
    status: assertCount(error.status, 'error.status'),
    type: assertString(error.type, 'error.type'),
    message: assertString(error.message, 'error.message'),
    ...(error.errorCode !== undefined && { errorCode: assertString(error.errorCode, 'error.errorCode') }),
  };
}

function assertDisk(value: unknown, name: string): DiskSpecification {
  const disk = (value ?? {}) as Body;
  return { node: assertString(disk.node, `${name}.node`), sizeInBytes: assertCount(disk.sizeInBytes, `${name}.sizeInBytes`) };
}

function assertString(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') {
    throw wrong(name, value, 'a string');
  }
  return value;
}

function assertCount(value: unknown, name: string): number {
  if (!Number.isSafeInteger(value) || Number(value) < 1) {
    throw wrong(name, value, 'a whole number of at least 1');
  }
  return Number(value);
}

/** A misspelt wish would otherwise do something else than was wished. */
function onlyKnown(body: Body, names: readonly string[]): void {
  const unknown = Object.keys(body).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new ControlError(400, `${unknown} is not one of ${names.join(', ')}`);
  }
}

const wrong = (name: string, value: unknown, allowed: string) => new ControlError(400, `${name}: ${JSON.stringify(value) ?? 'nothing'} is not ${allowed}`);

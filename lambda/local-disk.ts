import { ListLocalDisksCommand, StorageGatewayClient, type Disk } from '@aws-sdk/client-storage-gateway';
import { CLIENT_CONFIG, patient } from './client';
import { clock } from './clock';
import { isAlreadyAllocated, isInDoubt } from './errors';
import type { Handler, Request, UpdateRequest } from './handler';
import { refuse } from './refusal';
import type { DiskSelector, Wire } from '../src/private/contract';

const client = patient(new StorageGatewayClient(CLIENT_CONFIG));

type Type = 'Custom::StorageGatewayCache' | 'Custom::StorageGatewayUploadBuffer';
type Selector = Wire<DiskSelector>;

/** What a disk of the gateway can be used for. */
export interface Role {
  /** The service's word for it, in the spelling with a space. */
  readonly allocation: 'CACHE STORAGE' | 'UPLOAD BUFFER';
  /** The last part of the physical id. */
  readonly setting: string;
  allocate(gatewayArn: string, diskIds: string[]): Promise<unknown>;
}

/** Attached disks take a while to be seen by the appliance. */
const APPEARANCE_SECONDS = 300;
const PAUSE_SECONDS = 10;

/**
 * Gives disks of a gateway a role. Disks are known by where they are or how large they are, never by their DiskId, which changes when they
 * are allocated. There is no way to take a disk back, so Delete does nothing.
 */
export function diskAllocation<T extends Type>(role: Role): Handler<T> {
  const idOf = ({ properties }: Request<T>) => `${properties.GatewayARN}/${role.setting}`;

  return {
    ids: new RegExp(`:gateway/[^/]+/${role.setting}$`),
    deadline: { seconds: 15 * 60, reason: 'the service takes disks within seconds while the gateway is connected' },

    async create(request) {
      await allocate(role, request.properties.GatewayARN, request.properties.Disks);
      return idOf(request);
    },

    async attributes(_id, { properties }) {
      const { chosen, missing } = choose(role, properties.Disks, await disksInRole(role, properties.GatewayARN));
      if (missing.length > 0) {
        return undefined;
      }
      return {
        DiskPaths: chosen.map(({ DiskPath }) => DiskPath).sort().join(','),
        AllocatedInBytes: chosen.reduce((sum, { DiskSizeInBytes = 0 }) => sum + BigInt(DiskSizeInBytes), 0n).toString(),
      };
    },

    async update(id, request) {
      if (idOf(request) === id) {
        await refuseRemoval(role, request);
      }
      await allocate(role, request.properties.GatewayARN, request.properties.Disks);
      return idOf(request);
    },

    async delete() {
      // The service knows no way back: the disks keep their role.
    },
  };
}

async function allocate(role: Role, gatewayArn: string, selectors: readonly Selector[]): Promise<void> {
  const giveUpAt = clock.now() + APPEARANCE_SECONDS * 1000;
  for (;;) {
    const disks = await listDisks(gatewayArn);
    const { chosen, missing } = choose(role, selectors, disks);
    if (missing.length === 0) {
      const available = chosen.filter((disk) => allocationOf(disk) === 'AVAILABLE');
      // A disk that has the role already is what was wanted: an earlier try, or somebody else, was here before us.
      if (available.length === 0) {
        return;
      }
      try {
        await role.allocate(gatewayArn, available.map(({ DiskId = '' }) => DiskId));
        return;
      } catch (error) {
        // Already allocated since the list was made, or by this very call, whose answer was lost: the list tells to which role.
        if (!(isAlreadyAllocated(error) || isInDoubt(error)) || clock.now() >= giveUpAt) {
          throw error;
        }
      }
    } else if (clock.now() >= giveUpAt) {
      throw new Error(`gateway ${gatewayArn} has no disk for ${missing.map(describe).join(', ')}; it has ${seen(disks)}`);
    }
    await clock.sleep(PAUSE_SECONDS * 1000);
  }
}

async function refuseRemoval<T extends Type>(role: Role, request: UpdateRequest<T>): Promise<void> {
  const allocated = await disksInRole(role, request.properties.GatewayARN);
  const wanted = choose(role, request.properties.Disks, allocated).chosen;
  // Disks that others allocated are none of ours.
  const removed = choose(role, request.oldProperties.Disks, allocated).chosen.filter((disk) => !wanted.includes(disk));
  if (removed.length > 0) {
    await refuse(
      request,
      `${removed.map(({ DiskPath }) => DiskPath).join(', ')} cannot be taken from ${role.allocation} of gateway ${request.properties.GatewayARN}`,
      'the service has no such operation, so leave the disk in the list',
    );
  }
}

interface Choice {
  readonly chosen: Disk[];
  /** Selectors for which no disk is there (yet). */
  readonly missing: Selector[];
}

/** Finds the same disks before and after their allocation. */
function choose(role: Role, selectors: readonly Selector[], disks: readonly Disk[]): Choice {
  const chosen: Disk[] = [];
  const missing: Selector[] = [];
  // Whoever takes the rest comes last, and whoever names a disk comes before whoever describes one.
  for (const selector of [...selectors].sort((one, other) => precision(one) - precision(other))) {
    const candidates = disks.filter((disk) => matches(selector, disk) && !chosen.includes(disk) && fitsRole(role, selector, disk));
    const unusable = candidates.find((disk) => allocationOf(disk) === 'AVAILABLE' && disk.DiskStatus?.toLowerCase() !== 'present');
    if (unusable && !selector.AllUnallocated) {
      throw new Error(`${describe(selector)} is a disk with status ${JSON.stringify(unusable.DiskStatus)}: see to the disk, its status must be "present"`);
    }
    const usable = candidates.filter((disk) => disk !== unusable);
    if (selector.AllUnallocated) {
      chosen.push(...usable);
      if (chosen.length === 0) {
        missing.push(selector);
      }
    } else if (usable.length === 0) {
      missing.push(selector);
    } else {
      chosen.push(theOne(role, selector, usable, selectors));
    }
  }
  return { chosen, missing };
}

function theOne(role: Role, selector: Selector, candidates: Disk[], selectors: readonly Selector[]): Disk {
  const allocated = candidates.find((disk) => allocationOf(disk) === role.allocation);
  const alike = selectors.filter((other) => describe(other) === describe(selector)).length;
  if (!allocated && candidates.length > alike) {
    throw new Error(`${describe(selector)} is ambiguous: ${seen(candidates)}; choose by node or path`);
  }
  return allocated ?? candidates[0];
}

/** A disk that is named but serves otherwise is an error; one of another role is simply not among those that are described. */
function fitsRole(role: Role, selector: Selector, disk: Disk): boolean {
  const allocation = allocationOf(disk);
  if (allocation === 'AVAILABLE' || allocation === role.allocation) {
    return true;
  }
  if (selector.DiskNode !== undefined || selector.DiskPath !== undefined) {
    throw new Error(`${describe(selector)} is allocated as ${allocation} already, and cannot become ${role.allocation}: the service cannot take a disk back`);
  }
  return false;
}

function matches(selector: Selector, { DiskNode, DiskPath, DiskSizeInBytes }: Disk): boolean {
  if (selector.DiskNode !== undefined) {
    return DiskNode === selector.DiskNode;
  }
  if (selector.DiskPath !== undefined) {
    return DiskPath === selector.DiskPath;
  }
  return selector.DiskSizeInBytes === undefined ? selector.AllUnallocated === 'true' : DiskSizeInBytes === Number(selector.DiskSizeInBytes);
}

function precision(selector: Selector): number {
  return selector.AllUnallocated ? 2 : selector.DiskSizeInBytes ? 1 : 0;
}

function describe(selector: Selector): string {
  const [name, value] = Object.entries(selector)[0] ?? ['Disks', '[]'];
  return name === 'AllUnallocated' ? 'any unallocated disk' : `${name} ${JSON.stringify(value)}`;
}

function seen(disks: readonly Disk[]): string {
  return disks.length === 0
    ? 'no disks'
    : disks.map((disk) => `${disk.DiskNode ?? '?'} (${disk.DiskPath ?? '?'}, ${disk.DiskSizeInBytes} bytes, ${allocationOf(disk)}, ${disk.DiskStatus})`).join('; ');
}

async function listDisks(gatewayArn: string): Promise<Disk[]> {
  const { Disks } = await client.send(new ListLocalDisksCommand({ GatewayARN: gatewayArn }));
  return Disks ?? [];
}

async function disksInRole(role: Role, gatewayArn: string): Promise<Disk[]> {
  return (await listDisks(gatewayArn)).filter((disk) => allocationOf(disk) === role.allocation);
}

/** The service writes it with a space or with an underscore, in either case. */
function allocationOf({ DiskAllocationType = 'AVAILABLE' }: Disk): string {
  return DiskAllocationType.toUpperCase().replaceAll('_', ' ');
}

export const GIB = 1024 ** 3;
export const TIB = 1024 ** 4;

export type Allocation = 'AVAILABLE' | 'CACHE STORAGE' | 'UPLOAD BUFFER' | 'WORKING STORAGE' | 'STORED iSCSI VOLUME';

/** A local disk of an appliance. Node and path never change; the id may (see `labelled`). */
export interface Disk {
  /** The name under which it was attached: `/dev/sdb`, `SCSI (0:1)`. */
  readonly node: string;
  /** The name that the appliance sees. */
  readonly path: string;
  readonly diskId: string;
  readonly sizeInBytes: number;
  readonly allocation: Allocation;
  readonly status: 'present' | 'missing' | 'mismatch';
  /** What an iSCSI volume on it is called: target, LUN and volume. */
  readonly resource?: string;
}

/** A host that runs the gateway's software: a virtual machine, or an EC2 instance. */
export interface Appliance {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly ec2InstanceId?: string;
  /** Powered on, and in reach of the service. */
  readonly connected: boolean;
  /** End of a restart, in milliseconds since 1970. */
  readonly unreachableUntil?: number;
  readonly disks: readonly Disk[];
  /** What it was activated as. It stays when the gateway is deleted: an appliance is activated once in its life. */
  readonly gatewayArn?: string;
}

export interface DiskSpecification {
  readonly node: string;
  readonly sizeInBytes: number;
}

/** Six disks: enough for two or three roles, of different sizes so that they can be told apart by size. */
export const DEFAULT_DISKS: readonly DiskSpecification[] = [150, 165, 180, 200, 250, 300].map((size, index) => ({
  node: `/dev/sd${'bcdefg'[index]}`,
  sizeInBytes: size * GIB,
}));

/** A fresh disk. Until it is allocated its id is its path. */
export function newDisk({ node, sizeInBytes }: DiskSpecification, others: readonly Disk[]): Disk {
  const path = pathFor(node, others);
  return { node, path, diskId: path, sizeInBytes, allocation: 'AVAILABLE', status: 'present' };
}

function pathFor(node: string, others: readonly Disk[]): string {
  const letter = /^\/dev\/(?:sd|xvd)([a-z]+)$/.exec(node)?.[1];
  const taken = (path: string) => others.some((disk) => disk.path === path);
  const preferred = letter !== undefined ? `/dev/xvd${letter}` : node;
  if (letter !== undefined && !taken(preferred)) {
    return preferred;
  }
  let number = 1;
  while (taken(`/dev/nvme${number}n1`)) {
    number += 1;
  }
  return `/dev/nvme${number}n1`;
}

/** The appliance's address as a user gives it: without the port where it is the usual one. */
export const addressOf = ({ host, port }: Appliance) => (port === 80 ? host : `${host}:${port}`);

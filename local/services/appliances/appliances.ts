import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { activationKeysOf, newActivationKey } from './activation-keys';
import { DEFAULT_DISKS, newDisk, type Appliance, type Disk, type DiskSpecification } from './appliance';
import { bind, bindAnywhere, unbind, type Binding } from './endpoint';
import type { Clock } from '../clock';
import type { Collection, State } from '../state/state';

/** What a misspelt Region silently becomes. */
const DEFAULT_REGION = 'us-east-1';
const REGION = /^[a-z]{2,5}(-[a-z]+)+-\d$/;

/** All appliances, each with an HTTP endpoint that answers as the real one does. */
export class Appliances {
  private readonly bindings = new Map<string, Binding>();
  private readonly collection: Collection<Appliance>;

  constructor(
    private readonly state: State,
    private readonly clock: Clock,
    /** How long an appliance is out of reach when it restarts. */
    private readonly restartSeconds: number,
  ) {
    this.collection = state.collection('appliances');
  }

  /** Powers on those that were there before. */
  async open(): Promise<void> {
    for (const { id, host, port } of this.collection.values()) {
      this.bindings.set(id, await bind(host, port, (request, response) => this.serve(id, request, response)));
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.bindings.values()].map(unbind));
    this.bindings.clear();
  }

  async create(disks: readonly DiskSpecification[] = DEFAULT_DISKS, ec2InstanceId?: string): Promise<Appliance> {
    const id = `appliance-${randomBytes(4).toString('hex')}`;
    const binding = await bindAnywhere((request, response) => this.serve(id, request, response));
    this.bindings.set(id, binding);
    const { host, port } = binding;
    const attached = disks.reduce<Disk[]>((others, disk) => [...others, newDisk(disk, others)], []);
    const appliance = { id, host, port, connected: true, disks: attached, ...(ec2InstanceId !== undefined && { ec2InstanceId }) };
    this.collection.put(id, appliance);
    return appliance;
  }

  list(): Appliance[] {
    return this.collection.values();
  }

  /** By its own id, or by the ARN of the gateway that it is. */
  find(idOrArn: string): Appliance | undefined {
    return this.collection.get(idOrArn) ?? this.collection.values().find(({ gatewayArn }) => gatewayArn === idOrArn);
  }

  get(id: string): Appliance {
    const appliance = this.collection.get(id);
    if (!appliance) {
      throw new Error(`there is no appliance ${id}`);
    }
    return appliance;
  }

  change(id: string, change: Partial<Appliance>): Appliance {
    const changed = { ...this.get(id), ...change };
    this.collection.put(id, changed);
    return changed;
  }

  changeDisks(id: string, change: (disk: Disk) => Disk): Appliance {
    return this.change(id, { disks: this.get(id).disks.map(change) });
  }

  restart(id: string): void {
    this.change(id, { unreachableUntil: this.clock.time() + this.restartSeconds * 1000 });
  }

  isReachable({ connected, unreachableUntil }: Appliance): boolean {
    return connected && this.clock.time() >= (unreachableUntil ?? 0);
  }

  /** The exchange that gives out the activation key. */
  private serve(id: string, request: IncomingMessage, response: ServerResponse): void {
    const appliance = this.get(id);
    if (!this.isReachable(appliance)) {
      request.socket.resetAndDestroy();
      return;
    }
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://appliance');
    if (request.method !== 'GET' || pathname !== '/') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n');
    } else if (appliance.gatewayArn !== undefined) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('This gateway is already activated\n');
    } else {
      this.giveOutKey(appliance, searchParams, response);
    }
  }

  private giveOutKey(appliance: Appliance, query: URLSearchParams, response: ServerResponse): void {
    const asked = query.get('activationRegion') ?? '';
    const region = REGION.test(asked) ? asked : DEFAULT_REGION;
    const vpcEndpoint = query.get('vpcEndpoint') ?? '';
    const endpointType = query.get('endpointType') ?? '';
    const key = newActivationKey();
    activationKeysOf(this.state).put(key, {
      key,
      applianceId: appliance.id,
      region,
      issuedAt: this.clock.time(),
      ...(vpcEndpoint !== '' && { vpcEndpoint }),
      ...(endpointType !== '' && { endpointType }),
    });
    this.state.commit();
    if (query.has('no_redirect')) {
      response.writeHead(200, { 'content-type': 'text/plain' }).end(key);
      return;
    }
    // The console's address; everything but the key is only a suggestion to the form there.
    const location = new URL(`https://console.aws.amazon.com/storagegateway/home?region=${region}`);
    location.searchParams.set('gatewayType', query.get('gatewayType') ?? 'CACHED');
    location.searchParams.set('activationRegion', region);
    location.searchParams.set('activationKey', key);
    response.writeHead(302, { location: location.href }).end();
  }
}

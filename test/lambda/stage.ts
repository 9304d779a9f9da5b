import { randomUUID } from 'node:crypto';
import type { CdkCustomResourceEvent, CdkCustomResourceResponse } from 'aws-lambda';
import { PlatformAnswers, type StackState } from './cloudformation';
import { clock } from '../../lambda/clock';
import { isComplete, onEvent } from '../../lambda/index';
import { startLocalServices, type LocalServices, type LocalServicesOptions } from '../../local/services';
import type { ResourceType } from '../../src/private/contract';

const REGION = 'eu-central-1';

type Values = Record<string, unknown>;

export interface Deployed {
  readonly id: string;
  readonly data: Record<string, string>;
}

/** The local services with their time stopped, and the handlers in front of them. */
export interface Stage {
  readonly services: LocalServices;
  readonly platform: PlatformAnswers;
  /** What the handlers wrote. */
  readonly log: string[];
  stack(name?: string): StackActor;
  close(): Promise<void>;
}

export async function startStage(options: LocalServicesOptions = {}): Promise<Stage> {
  const services = await startLocalServices({ clock: 'frozen', ...options });
  const platform = new PlatformAnswers();
  const log: string[] = [];
  Object.assign(process.env, {
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
    AWS_ENDPOINT_URL: await platform.listen(),
    AWS_ENDPOINT_URL_STORAGE_GATEWAY: services.endpoint,
    AWS_ENDPOINT_URL_EC2: services.endpoint,
    AWS_ENDPOINT_URL_EBS: services.endpoint,
  });
  // The handlers' pauses are the services' time: nothing waits.
  clock.now = () => services.clock.time();
  clock.sleep = async (milliseconds) => void services.clock.advance(milliseconds / 1000);
  clock.random = () => 1;
  console.log = (line: string) => void log.push(line);
  return {
    services,
    platform,
    log,
    stack: (name = `Stack-${randomUUID().slice(0, 8)}`) => new StackActor(name, services, platform),
    async close() {
      await services.close();
      await platform.close();
    },
  };
}

/** Plays CloudFormation and the provider framework for one stack: events in the order and with the ids that they would have. */
export class StackActor {
  readonly id: string;
  readonly state: StackState;
  /** How often the framework asks. */
  querySeconds = 10;

  constructor(readonly name: string, private readonly services: LocalServices, platform: PlatformAnswers) {
    this.id = `arn:aws:cloudformation:${REGION}:000000000000:stack/${name}/${randomUUID()}`;
    this.state = { status: 'CREATE_IN_PROGRESS', created: services.clock.now(), resources: new Map(), statuses: new Map() };
    platform.stacks.set(this.id, this.state);
  }

  /** A new operation on the stack begins. */
  begin(status: string): this {
    this.services.clock.advance(60);
    this.state.status = status;
    this.state.updated = this.services.clock.now();
    return this;
  }

  /** The operation goes on in another state, a rollback say. */
  turn(status: string): this {
    this.state.status = status;
    return this;
  }

  event(RequestType: 'Create' | 'Update' | 'Delete', type: ResourceType, logicalId: string, properties: Values, more: Values = {}): CdkCustomResourceEvent {
    return {
      RequestType,
      RequestId: randomUUID(),
      ServiceToken: 'arn:aws:lambda:eu-central-1:000000000000:function:framework',
      ResponseURL: 'https://cloudformation-custom-resource-response.invalid/secret-response-url',
      StackId: this.id,
      ResourceType: type,
      LogicalResourceId: logicalId,
      ResourceProperties: { ServiceToken: 'arn:aws:lambda:eu-central-1:000000000000:function:framework', ...properties },
      ...more,
    } as CdkCustomResourceEvent;
  }

  async create(type: ResourceType, logicalId: string, properties: Values, more: Values = {}): Promise<Deployed> {
    const deployed = await this.deploy(this.event('Create', type, logicalId, properties, more));
    this.state.resources.set(logicalId, deployed.id);
    return deployed;
  }

  async update(type: ResourceType, logicalId: string, id: string, from: Values, to: Values): Promise<Deployed> {
    const deployed = await this.deploy(this.event('Update', type, logicalId, to, { OldResourceProperties: from, PhysicalResourceId: id }));
    this.state.resources.set(logicalId, deployed.id);
    return deployed;
  }

  async delete(type: ResourceType, logicalId: string, id: string, properties: Values): Promise<void> {
    await this.deploy(this.event('Delete', type, logicalId, properties, { PhysicalResourceId: id }));
    if (this.state.resources.get(logicalId) === id) {
      this.state.resources.delete(logicalId);
    }
  }

  /** As the framework does it: the event, then the question until it is answered. */
  async deploy(event: CdkCustomResourceEvent): Promise<Deployed> {
    return this.wait(event, await onEvent(event));
  }

  async wait(event: CdkCustomResourceEvent, answer: CdkCustomResourceResponse): Promise<Deployed> {
    for (;;) {
      const { IsComplete, ...rest } = await isComplete({ ...event, ...answer } as Parameters<typeof isComplete>[0]);
      if (IsComplete) {
        return { id: answer.PhysicalResourceId ?? '', data: 'Data' in rest ? rest.Data ?? {} : {} };
      }
      this.services.clock.advance(this.querySeconds);
    }
  }
}

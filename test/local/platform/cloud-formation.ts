import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import AdmZip from 'adm-zip';
import { ScriptServer, synthesiseProvider, type Event, type Resource, type Script, type Synthesised, type Verb } from './provider';
import { startLocalPlatform, type LocalPlatform } from '../../../local/platform';

export const REGION = 'eu-west-1';

export interface TestTemplate {
  readonly Resources: Record<string, Resource>;
  readonly Outputs?: Record<string, unknown>;
  readonly [section: string]: unknown;
}

/** A platform with a provider deployed on it, driven by the SDK; stacks in it do what the test's script says. */
export class TestCloud {
  public static async start(): Promise<TestCloud> {
    const scripts = new ScriptServer();
    await scripts.start();
    const synthesised = synthesiseProvider();
    const platform = await startLocalPlatform({ servicesEndpoint: 'http://127.0.0.1:9', scale: 1 / 100 });
    const cloud = new TestCloud(platform, scripts, synthesised);
    for (const [key, folder] of Object.entries(synthesised.assets)) {
      const zip = new AdmZip();
      zip.addLocalFolder(folder);
      await cloud.s3.send(new PutObjectCommand({ Bucket: `cdk-hnb659fds-assets-000000000000-${REGION}`, Key: key, Body: zip.toBuffer() }));
    }
    cloud.providerOutputs = await cloud.deploy('Provider', cloud.providerTemplate());
    return cloud;
  }

  public readonly cloudFormation: CloudFormationClient;
  public readonly s3: S3Client;
  /** What the handlers were asked since the test began. */
  public readonly calls: { verb: Verb; event: Event }[] = [];
  public readonly scriptUrl: string;
  private providerOutputs: Record<string, string> = {};

  private constructor(public readonly platform: LocalPlatform, private readonly scripts: ScriptServer, private readonly synthesised: Synthesised) {
    this.scriptUrl = scripts.url;
    const client = { endpoint: platform.endpoint, region: REGION, credentials: { accessKeyId: '000000000000', secretAccessKey: 'local' } };
    this.cloudFormation = new CloudFormationClient(client);
    this.s3 = new S3Client({ ...client, forcePathStyle: true });
  }

  /** Says what the handlers do from now on. Without a say, creation succeeds at once, with `<logical id>-id` as the physical id. */
  public script(script: Script = () => undefined): void {
    this.calls.length = 0;
    this.scripts.script = async (event, verb) => {
      this.calls.push({ verb, event });
      const said = await script(event, verb);
      if (said !== undefined) return said;
      if (verb === 'isComplete') return { IsComplete: true };
      return { PhysicalResourceId: event.PhysicalResourceId ?? `${event.LogicalResourceId}-id` };
    };
  }

  /** A custom resource of the shared provider. */
  public custom(properties: Record<string, unknown> = {}, more: Record<string, unknown> = {}): Resource {
    return { Type: 'Custom::Thing', Properties: { ServiceToken: this.providerOutputs.ServiceToken, ServiceTimeout: 60, ...properties }, ...more };
  }

  /** One whose function answers CloudFormation itself. */
  public plain(properties: Record<string, unknown> = {}, more: Record<string, unknown> = {}): Resource {
    return this.custom({ ServiceToken: this.providerOutputs.PlainServiceToken, ...properties }, more);
  }

  /** The provider's own template, for resources beside it. */
  public providerTemplate(resources: Record<string, Resource> = {}): TestTemplate {
    const { template } = this.synthesised;
    return {
      ...template,
      Parameters: { ...template.Parameters, ScriptUrl: { Type: 'String', Default: this.scripts.url } },
      Resources: { ...template.Resources, ...resources },
    };
  }

  /** The value of the provider template's output, as an expression. */
  public providerServiceToken(): unknown {
    return this.synthesised.template.Outputs.ServiceToken.Value;
  }

  /** Creates or updates; the outputs. */
  public async deploy(name: string, template: TestTemplate): Promise<Record<string, string>> {
    const stack = await this.finish(name, template);
    if (!/^(CREATE|UPDATE)_COMPLETE$/.test(stack.StackStatus ?? '')) {
      throw new Error(`${name} ended in ${stack.StackStatus}: ${JSON.stringify(await this.events(name), undefined, 1)}`);
    }
    return Object.fromEntries((stack.Outputs ?? []).map(({ OutputKey: key = '', OutputValue: value = '' }) => [key, value]));
  }

  /** Creates or updates, and waits for the end, whatever it is. */
  public async finish(name: string, template: TestTemplate): Promise<Stack> {
    await this.begin(name, template);
    return this.settled(name);
  }

  public async begin(name: string, template: TestTemplate): Promise<void> {
    const exists = await this.describe(name).then(() => true, () => false);
    const input = { StackName: name, TemplateBody: JSON.stringify(template), Capabilities: ['CAPABILITY_IAM' as const] };
    await (exists ? this.cloudFormation.send(new UpdateStackCommand(input)) : this.cloudFormation.send(new CreateStackCommand(input)));
  }

  /** Deletes the stack; how it ended. */
  public async destroy(name: string): Promise<Stack> {
    const { StackId: id = name } = await this.describe(name);
    await this.cloudFormation.send(new DeleteStackCommand({ StackName: name }));
    return this.settled(id);
  }

  public async settled(name: string): Promise<Stack> {
    for (;;) {
      const stack = await this.describe(name);
      if (!stack.StackStatus?.endsWith('IN_PROGRESS')) return stack;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  public async describe(name: string): Promise<Stack> {
    const { Stacks: [stack] = [] } = await this.cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
    return stack;
  }

  /** Oldest first: `<logical id> <status>`. */
  public async events(name: string): Promise<string[]> {
    const { StackEvents: events = [] } = await this.cloudFormation.send(new DescribeStackEventsCommand({ StackName: name }));
    return events.reverse().map(({ LogicalResourceId: id, ResourceStatus: status }) => `${id} ${status}`);
  }

  /** Why a resource, or the stack itself, failed last. */
  public async reason(name: string, logicalId: string): Promise<string | undefined> {
    const { StackEvents: events = [] } = await this.cloudFormation.send(new DescribeStackEventsCommand({ StackName: name }));
    return events.find((event) => event.LogicalResourceId === logicalId && event.ResourceStatus?.endsWith('FAILED'))?.ResourceStatusReason;
  }

  /** Physical ids by logical id. */
  public async resources(name: string): Promise<Record<string, string | undefined>> {
    const { StackResources: resources = [] } = await this.cloudFormation.send(new DescribeStackResourcesCommand({ StackName: name }));
    return Object.fromEntries(resources.map(({ LogicalResourceId: id, PhysicalResourceId: physicalId }) => [id, physicalId]));
  }

  /** What the custom resources of a stack were sent: `<request type> <logical id> <physical id>`. */
  public journal(name: string): string[] {
    return this.platform.journal.filter(({ stackName }) => stackName === name)
      .map(({ requestType, logicalResourceId, physicalResourceId }) => [requestType, logicalResourceId, physicalResourceId].filter(Boolean).join(' '));
  }

  public async close(): Promise<void> {
    this.cloudFormation.destroy();
    this.s3.destroy();
    await this.platform.close();
    await this.scripts.close();
    this.synthesised.remove();
  }
}

import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { CancelUpdateStackCommand, CloudFormationClient, DescribeStackEventsCommand, DescribeStacksCommand, GetTemplateCommand, ListStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { EC2Client, DescribeSnapshotsCommand } from '@aws-sdk/client-ec2';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { ListGatewaysCommand, ListVolumesCommand, StorageGatewayClient } from '@aws-sdk/client-storage-gateway';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Cdk } from '../../local/cdk';
import { Cloud } from '../../local/cloud';
import { Activation, type CachedVolumeGatewayProps, GatewayTimezone, LocalDisk } from '../../src';

/** A local cloud with everything that a deployment test looks at. */
export class Stage {
  public static async open(): Promise<Stage> {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-storage-gateway-deploy-'));
    return new Stage(directory, await Cloud.start(directory));
  }

  private readonly gateways: StorageGatewayClient;
  private readonly ec2: EC2Client;
  private readonly cloudFormation: CloudFormationClient;
  private readonly s3: S3Client;
  private readonly states: SFNClient;
  private apps = 0;

  private constructor(public readonly directory: string, public readonly cloud: Cloud) {
    const settings = { region: cloud.variables.AWS_REGION, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
    this.gateways = new StorageGatewayClient({ ...settings, endpoint: cloud.endpoint });
    this.ec2 = new EC2Client({ ...settings, endpoint: cloud.endpoint });
    this.cloudFormation = new CloudFormationClient({ ...settings, endpoint: cloud.platformEndpoint });
    this.s3 = new S3Client({ ...settings, endpoint: cloud.platformEndpoint, forcePathStyle: true });
    this.states = new SFNClient({ ...settings, endpoint: cloud.platformEndpoint });
  }

  /** Synthesises an app of one stack, ready for the CLI. */
  public cdk(stackName: string, fill: (stack: Stack) => void): Cdk {
    const app = new App({ outdir: path.join(this.directory, `app${this.apps++}`), analyticsReporting: false });
    fill(new Stack(app, stackName));
    return new Cdk({ app: app.synth().directory, environment: this.cloud.environment, directory: this.directory });
  }

  public async gatewayArns(): Promise<string[]> {
    const { Gateways = [] } = await this.gateways.send(new ListGatewaysCommand({}));
    return Gateways.map((gateway) => gateway.GatewayARN ?? '');
  }

  public async volumeArns(): Promise<string[]> {
    const { VolumeInfos = [] } = await this.gateways.send(new ListVolumesCommand({}));
    return VolumeInfos.map((volume) => volume.VolumeARN ?? '');
  }

  public async snapshots() {
    return (await this.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }))).Snapshots ?? [];
  }

  /** Keys of what the seeds of a stack keep in their journal bucket. */
  public async journalObjects(stackName: string): Promise<string[]> {
    const lists = await Promise.all((await this.resources(stackName, 'AWS::S3::Bucket')).map(({ id: Bucket }) => this.s3.send(new ListObjectsV2Command({ Bucket }))));
    return lists.flatMap(({ Contents = [] }) => Contents.map((object) => object.Key ?? ''));
  }

  /** ARNs of the executions of a stack's seeds that have not ended. */
  public async runningExecutions(stackName: string): Promise<string[]> {
    const machines = await this.resources(stackName, 'AWS::StepFunctions::StateMachine');
    const seeds = machines.filter(({ logicalId }) => logicalId.startsWith('SnapshotSeedMachine'));
    const lists = await Promise.all(seeds.map(({ id: stateMachineArn }) => this.states.send(new ListExecutionsCommand({ stateMachineArn, statusFilter: 'RUNNING' }))));
    return lists.flatMap(({ executions = [] }) => executions.map((execution) => execution.executionArn ?? ''));
  }

  /** The resources of one type that the stack has. */
  public async resources(StackName: string, type: string) {
    const { StackResourceSummaries = [] } = await this.cloudFormation.send(new ListStackResourcesCommand({ StackName }));
    return StackResourceSummaries.filter(({ ResourceType }) => ResourceType === type).map((resource) => ({
      logicalId: resource.LogicalResourceId ?? '',
      id: resource.PhysicalResourceId ?? '',
    }));
  }

  public async cancelUpdate(StackName: string): Promise<void> {
    await this.cloudFormation.send(new CancelUpdateStackCommand({ StackName }));
  }

  /** Everything that CloudFormation tells about the stack. */
  public async describe(StackName: string) {
    return [
      await this.cloudFormation.send(new DescribeStacksCommand({ StackName })),
      await this.cloudFormation.send(new DescribeStackEventsCommand({ StackName })),
      await this.cloudFormation.send(new GetTemplateCommand({ StackName })),
    ];
  }

  /** The status in which the stack comes to rest. */
  public async restOf(stackName: string): Promise<string> {
    for (;;) {
      const { Stacks: [stack] = [] } = await this.cloudFormation.send(new DescribeStacksCommand({ StackName: stackName }));
      const status = stack.StackStatus ?? '';
      if (!status.endsWith('_IN_PROGRESS')) return status;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Resolves once any resource of this type has got an event. */
  public async eventFor(resourceType: string): Promise<void> {
    while (!(await this.cloud.events()).some((event) => event.resourceType === resourceType)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  public async close(): Promise<void> {
    [this.gateways, this.ec2, this.cloudFormation, this.s3, this.states].forEach((client) => client.destroy());
    await this.cloud.stop();
    fs.rmSync(this.directory, { recursive: true });
  }
}

/** What gateways have in common here; the appliances of the local services settle fast. */
export function gatewayProps(applianceAddress: string): CachedVolumeGatewayProps {
  return {
    activation: Activation.fromAddress(applianceAddress, { settleTime: Duration.seconds(6) }),
    timezone: GatewayTimezone.GMT,
    cache: [LocalDisk.byNode('/dev/sdb')],
    uploadBuffer: [LocalDisk.byNode('/dev/sdc')],
  };
}

/** Asks again until the answer is yes, with pauses of so many milliseconds. */
export async function pausing(milliseconds: number, isSo: () => Promise<boolean>): Promise<void> {
  while (!await isSo()) await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

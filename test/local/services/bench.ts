import { EC2Client } from '@aws-sdk/client-ec2';
import { ActivateGatewayCommand, AddCacheCommand, AddUploadBufferCommand, CreateCachediSCSIVolumeCommand, StorageGatewayClient } from '@aws-sdk/client-storage-gateway';
import { startLocalServices, type LocalServices, type LocalServicesOptions } from '../../../local/services';

export const REGION = 'eu-west-1';

/** Services with a frozen clock, the clients for them, and short ways to the things that tests begin with. */
export class Bench {
  static async start(options: LocalServicesOptions = {}): Promise<Bench> {
    return new Bench(await startLocalServices({ clock: 'frozen', ...options }));
  }

  readonly gateways: StorageGatewayClient;
  readonly ec2: EC2Client;

  private constructor(readonly services: LocalServices) {
    const config = { endpoint: services.endpoint, region: REGION, credentials: { accessKeyId: 'local', secretAccessKey: 'local' }, maxAttempts: 1 };
    this.gateways = new StorageGatewayClient(config);
    this.ec2 = new EC2Client(config);
  }

  get control() {
    return this.services.control;
  }

  async stop(): Promise<void> {
    this.gateways.destroy();
    this.ec2.destroy();
    await this.services.close();
  }

  /** A key as an appliance gives it out. */
  async activationKey(url: string, region = REGION): Promise<string> {
    const response = await fetch(`${url}/?activationRegion=${region}&no_redirect`);
    return response.text();
  }

  async activate({ type = 'CACHED', name = 'gateway', disks }: { type?: string; name?: string; disks?: { node: string; sizeInBytes: number }[] } = {}) {
    const { id, url, address } = await this.control.createAppliance({ disks });
    const { GatewayARN = '' } = await this.gateways.send(new ActivateGatewayCommand({
      ActivationKey: await this.activationKey(url), GatewayName: name, GatewayTimezone: 'GMT', GatewayRegion: REGION, GatewayType: type,
    }));
    return { arn: GatewayARN, applianceId: id, url, host: address.split(':')[0] };
  }

  /** A cached gateway with a disk in each role. */
  async cachedGateway() {
    const gateway = await this.activate();
    await this.gateways.send(new AddCacheCommand({ GatewayARN: gateway.arn, DiskIds: ['/dev/xvdb'] }));
    await this.gateways.send(new AddUploadBufferCommand({ GatewayARN: gateway.arn, DiskIds: ['/dev/xvdc'] }));
    return gateway;
  }

  async cachedVolume(gateway: { arn: string; host: string }, options: { targetName?: string; sizeInGiB?: number; token?: string } = {}) {
    const { targetName = 'volume', sizeInGiB = 1, token = `token-of-${targetName}` } = options;
    const { VolumeARN = '', TargetARN = '' } = await this.gateways.send(new CreateCachediSCSIVolumeCommand({
      GatewayARN: gateway.arn,
      VolumeSizeInBytes: sizeInGiB * 1024 ** 3,
      TargetName: targetName,
      NetworkInterfaceId: gateway.host,
      ClientToken: token,
    }));
    return { arn: VolumeARN, targetArn: TargetARN };
  }
}

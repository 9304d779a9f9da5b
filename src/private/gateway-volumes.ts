import { CfnDeletionPolicy, type CfnResource, Token } from 'aws-cdk-lib';
import type { IGateway } from '../gateway';
import { AppMap } from './app-map';

const MAX_VOLUMES = 32;

/** By the gateway's ARN: two imports of one gateway are one gateway. */
const GATEWAYS = new AppMap<GatewayVolumes>();

/** The volumes that an app declares on one gateway, wherever in the app that is. */
export class GatewayVolumes {
  public static of(gateway: IGateway): GatewayVolumes {
    const gateways = GATEWAYS.of(gateway);
    const volumes = gateways.get(gateway.gatewayArn) ?? new GatewayVolumes();
    gateways.set(gateway.gatewayArn, volumes);
    return volumes;
  }

  private readonly resources: CfnResource[] = [];
  private readonly targetNames = new Map<string, string>();

  private constructor() {}

  /** Fails for one volume too many, and for a target name that is taken. */
  public add(volume: CfnResource, targetName: string): void {
    const taken = this.targetNames.get(targetName);
    if (taken !== undefined && !Token.isUnresolved(targetName)) {
      throw new Error(`'targetName' must be unique on the gateway, got ${JSON.stringify(targetName)}, which ${taken} has`);
    }
    if (this.resources.length === MAX_VOLUMES) {
      throw new Error(`a gateway can have at most ${MAX_VOLUMES} volumes, got one more: ${volume.node.path}`);
    }
    this.targetNames.set(targetName, volume.node.path);
    this.resources.push(volume);
  }

  /** What keeps the given gateway from being deleted, as its removal policy asks. */
  public obstacles(gateway: CfnResource): string[] {
    if (gateway.cfnOptions.deletionPolicy !== CfnDeletionPolicy.DELETE) {
      return [];
    }
    return this.resources
      .filter((volume) => volume.cfnOptions.deletionPolicy !== CfnDeletionPolicy.DELETE)
      .map((volume) => `the gateway has removal policy DESTROY but its volume ${volume.node.path} is retained, and a gateway with volumes cannot be deleted: `
        + "give the volume 'removalPolicy' DESTROY or SNAPSHOT, or retain the gateway");
  }
}

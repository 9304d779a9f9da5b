import {
  DeleteBandwidthRateLimit$, DescribeBandwidthRateLimit$, DescribeMaintenanceStartTime$, DescribeSMBSettings$, SetLocalConsolePassword$,
  UpdateBandwidthRateLimit$, UpdateMaintenanceStartTime$, type DeleteBandwidthRateLimitInput, type DescribeBandwidthRateLimitInput,
  type DescribeBandwidthRateLimitOutput, type DescribeMaintenanceStartTimeInput, type DescribeMaintenanceStartTimeOutput,
  type DescribeSMBSettingsInput, type SetLocalConsolePasswordInput, type UpdateBandwidthRateLimitInput, type UpdateMaintenanceStartTimeInput,
} from '@aws-sdk/client-storage-gateway';
import { CONSTRAINTS } from './constraints';
import { invalidRequest } from './errors';
import { connectedGateway, gatewaysOf, requireType, type MaintenanceWindow } from './gateway';
import type { Appliances } from '../appliances/appliances';
import { operation, type Given, type Operation } from '../service';

interface ArnOutput {
  readonly GatewayARN: string;
}

export const gatewaySettingOperations = (appliances: Appliances): Operation[] => [
  operation<UpdateBandwidthRateLimitInput, ArnOutput>(
    UpdateBandwidthRateLimit$, CONSTRAINTS.UpdateBandwidthRateLimit,
    ({ GatewayARN, AverageUploadRateLimitInBitsPerSec: uploadLimit, AverageDownloadRateLimitInBitsPerSec: downloadLimit }, context) => {
      const { gateway } = connectedGateway(context, appliances, GatewayARN);
      requireType(gateway, 'CACHED', 'STORED', 'VTL');
      // What is not given stays as it is.
      const changed = { ...gateway, ...(uploadLimit !== undefined && { uploadLimit }), ...(downloadLimit !== undefined && { downloadLimit }) };
      gatewaysOf(context.state).put(GatewayARN, changed);
      return { GatewayARN };
    }),

  operation<DescribeBandwidthRateLimitInput, DescribeBandwidthRateLimitOutput>(
    DescribeBandwidthRateLimit$, CONSTRAINTS.DescribeBandwidthRateLimit, ({ GatewayARN }, context) => {
      const { gateway } = connectedGateway(context, appliances, GatewayARN);
      requireType(gateway, 'CACHED', 'STORED', 'VTL');
      const { uploadLimit, downloadLimit } = gateway;
      return { GatewayARN, AverageUploadRateLimitInBitsPerSec: uploadLimit, AverageDownloadRateLimitInBitsPerSec: downloadLimit };
    }),

  operation<DeleteBandwidthRateLimitInput, ArnOutput>(
    DeleteBandwidthRateLimit$, CONSTRAINTS.DeleteBandwidthRateLimit, ({ GatewayARN, BandwidthType }, context) => {
      const { gateway } = connectedGateway(context, appliances, GatewayARN);
      requireType(gateway, 'CACHED', 'STORED', 'VTL');
      const { uploadLimit, downloadLimit, ...rest } = gateway;
      const type = BandwidthType.toUpperCase();
      if (!['UPLOAD', 'DOWNLOAD', 'ALL'].includes(type)) {
        throw invalidRequest('InvalidParameters', `The bandwidth type ${JSON.stringify(BandwidthType)} is not one of UPLOAD, DOWNLOAD, ALL.`);
      }
      const isSet = (type !== 'DOWNLOAD' && uploadLimit !== undefined) || (type !== 'UPLOAD' && downloadLimit !== undefined);
      if (!isSet) {
        throw invalidRequest('BandwidthThrottleScheduleNotFound');
      }
      gatewaysOf(context.state).put(GatewayARN, {
        ...rest,
        ...(type === 'DOWNLOAD' && uploadLimit !== undefined && { uploadLimit }),
        ...(type === 'UPLOAD' && downloadLimit !== undefined && { downloadLimit }),
      });
      return { GatewayARN };
    }),

  operation<UpdateMaintenanceStartTimeInput, ArnOutput>(
    UpdateMaintenanceStartTime$, CONSTRAINTS.UpdateMaintenanceStartTime, (input, context) => {
      const { gateway } = connectedGateway(context, appliances, input.GatewayARN);
      gatewaysOf(context.state).put(gateway.arn, { ...gateway, maintenance: changedWindow(gateway.maintenance, input) });
      return { GatewayARN: gateway.arn };
    }),

  operation<DescribeMaintenanceStartTimeInput, DescribeMaintenanceStartTimeOutput>(
    DescribeMaintenanceStartTime$, CONSTRAINTS.DescribeMaintenanceStartTime, ({ GatewayARN }, context) => {
      const { gateway } = connectedGateway(context, appliances, GatewayARN);
      const { automaticUpdatePolicy: AutomaticUpdatePolicy, ...window } = gateway.maintenance;
      return {
        GatewayARN,
        ...window,
        Timezone: gateway.timezone,
        ...(AutomaticUpdatePolicy !== undefined && { SoftwareUpdatePreferences: { AutomaticUpdatePolicy } }),
      };
    }),

  operation<SetLocalConsolePasswordInput, ArnOutput>(SetLocalConsolePassword$, CONSTRAINTS.SetLocalConsolePassword, ({ GatewayARN }, context) => {
    // Nothing ever reads it back, so that nothing is to be kept.
    connectedGateway(context, appliances, GatewayARN);
    return { GatewayARN };
  }),

  operation<DescribeSMBSettingsInput, ArnOutput>(DescribeSMBSettings$, CONSTRAINTS.DescribeSMBSettings, ({ GatewayARN }, context) => {
    const { gateway } = connectedGateway(context, appliances, GatewayARN);
    requireType(gateway, 'FILE_S3', 'FILE_FSX_SMB');
    throw invalidRequest('NotSupported');
  }),
];

/** The schedule is given whole (one of the days, hour and minute) or not at all; the update policy can be given alone. */
function changedWindow(window: MaintenanceWindow, input: Given<UpdateMaintenanceStartTimeInput>): MaintenanceWindow {
  const { HourOfDay, MinuteOfHour, DayOfWeek, DayOfMonth } = input;
  const given = [HourOfDay, MinuteOfHour, DayOfWeek ?? DayOfMonth].filter((value) => value !== undefined).length;
  const policy = input.SoftwareUpdatePreferences?.AutomaticUpdatePolicy ?? window.automaticUpdatePolicy;
  if (HourOfDay === undefined || MinuteOfHour === undefined || given < 3 || (DayOfWeek !== undefined && DayOfMonth !== undefined)) {
    if (given > 0 || input.SoftwareUpdatePreferences === undefined) {
      throw invalidRequest('InvalidParameters', 'A schedule has HourOfDay, MinuteOfHour, and either DayOfWeek or DayOfMonth.');
    }
    return { ...window, automaticUpdatePolicy: policy };
  }
  const day = DayOfWeek !== undefined ? { DayOfWeek } : { DayOfMonth };
  return { HourOfDay, MinuteOfHour, ...day, automaticUpdatePolicy: policy };
}

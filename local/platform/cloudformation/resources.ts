import type { Platform } from '../platform';
import { checkCustomResource, Refusal, ResourceFailure, type CustomResources } from './custom-resource';
import { RESOURCE_TYPES, type Provisioned } from './resource-types';
import type { Stack, StackResource } from './stack';
import { isCustom, type Properties } from './template';

/** Makes, changes and removes single resources: custom ones by their protocol, the others by the table of types. */
export class Resources {
  constructor(private readonly platform: Platform, private readonly customResources: CustomResources) {}

  async create(stack: Stack, resource: StackResource, cancelled: AbortSignal): Promise<Provisioned> {
    const { logicalId, type, properties } = resource;
    if (!isCustom(type)) {
      refuseDynamicReferences(properties);
      return RESOURCE_TYPES[type].create({ stack, logicalId, properties, platform: this.platform });
    }
    checkCustomResource(properties);
    try {
      return await this.customResources.send({ stack, requestType: 'Create', logicalId, type, properties, cancelled });
    } catch (error) {
      // Its Delete needs an id, whether or not one was ever reported.
      if (error instanceof ResourceFailure) throw new ResourceFailure(error.message, error.physicalId ?? stack.inventName(logicalId));
      throw error;
    }
  }

  /** Answers another physical id where the resource was replaced. */
  async update(stack: Stack, resource: StackResource, oldProperties: Properties, cancelled: AbortSignal): Promise<Provisioned> {
    const { logicalId, type, properties, physicalId = '' } = resource;
    if (isCustom(type)) {
      checkCustomResource(properties);
      if (properties.ServiceToken !== oldProperties.ServiceToken) throw new Refusal('Modifying service token is not allowed.');
      return this.customResources.send({ stack, requestType: 'Update', logicalId, type, physicalId, properties, oldProperties, cancelled });
    }
    refuseDynamicReferences(properties);
    const definition = RESOURCE_TYPES[type];
    const request = { stack, logicalId, properties, platform: this.platform };
    if (definition.replacedBy.some((property) => JSON.stringify(properties[property]) !== JSON.stringify(oldProperties[property]))) {
      return definition.create(request);
    }
    return { physicalId, attributes: { ...resource.attributes, ...await definition.update?.({ ...request, physicalId }) } };
  }

  async delete(stack: Stack, resource: StackResource): Promise<void> {
    const { logicalId, type, properties, physicalId = '' } = resource;
    if (isCustom(type)) {
      const cancelled = new AbortController().signal;
      await this.customResources.send({ stack, requestType: 'Delete', logicalId, type, physicalId, properties, cancelled });
      return;
    }
    await RESOURCE_TYPES[type].delete?.({ stack, logicalId, properties, physicalId, platform: this.platform });
  }
}

function refuseDynamicReferences(properties: Properties): void {
  const found = /\{\{resolve:[^}]*\}\}/.exec(JSON.stringify(properties));
  if (found) throw new Refusal(`the local platform does not resolve dynamic references: ${found[0]}`);
}

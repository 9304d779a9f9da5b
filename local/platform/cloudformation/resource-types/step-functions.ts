import type { CreateRequest, ResourceType } from '.';
import type { StateMachineSpecification } from '../../step-functions';

export const stateMachine: ResourceType = {
  properties: [
    'Definition', 'DefinitionString', 'DefinitionSubstitutions', 'LoggingConfiguration', 'RoleArn', 'StateMachineName', 'StateMachineType', 'Tags', 'TracingConfiguration',
  ],
  replacedBy: ['StateMachineName', 'StateMachineType'],
  async create(request) {
    const { stack, logicalId, properties, platform } = request;
    if (properties.StateMachineType !== undefined && properties.StateMachineType !== 'STANDARD') {
      throw new Error(`the local platform runs STANDARD state machines only, got ${JSON.stringify(properties.StateMachineType)}`);
    }
    const name = String(properties.StateMachineName ?? stack.inventName(logicalId, 80));
    const arn = `arn:aws:states:${stack.region}:${stack.account}:stateMachine:${name}`;
    platform.stepFunctions.createStateMachine(specify(request, name, arn));
    return { physicalId: arn, attributes: { Arn: arn, Name: name } };
  },
  async update(request) {
    const { physicalId, platform } = request;
    platform.stepFunctions.updateStateMachine(specify(request, physicalId.split(':').pop() ?? '', physicalId));
    return {};
  },
  async delete({ physicalId, platform }) {
    platform.stepFunctions.deleteStateMachine(physicalId);
  },
};

function specify(request: CreateRequest, name: string, arn: string): StateMachineSpecification {
  return { name, arn, definition: definitionOf(request), region: request.stack.region, role: String(request.properties.RoleArn) };
}

function definitionOf({ properties }: CreateRequest): string {
  const definition = typeof properties.DefinitionString === 'string' ? properties.DefinitionString : JSON.stringify(properties.Definition);
  const substitutions = Object.entries((properties.DefinitionSubstitutions ?? {}) as Record<string, unknown>);
  return substitutions.reduce((text, [name, value]) => text.replaceAll(`\${${name}}`, String(value)), definition);
}

import { TemplateError } from './intrinsics';
import type { Surroundings } from './template';

export interface ParameterInput {
  readonly ParameterKey?: string;
  readonly ParameterValue?: string;
  readonly UsePreviousValue?: boolean;
}

export interface Parameter {
  readonly name: string;
  /** As given: for a Systems Manager parameter, its name. */
  readonly value: string;
  readonly resolved: unknown;
  readonly systemsManager: boolean;
  readonly noEcho: boolean;
}

/** Values of a template's parameters: given, kept from before, or the default. */
export function readParameters(declared: Record<string, Record<string, unknown>>, surroundings: Surroundings): Parameter[] {
  const superfluous = surroundings.parameters.filter((input) => !((input.ParameterKey ?? '') in declared)).map((input) => input.ParameterKey);
  if (superfluous.length > 0) throw new TemplateError(`Parameters: [${superfluous.join(', ')}] do not exist in the template`);

  return Object.entries(declared).map(([name, declaration]) => {
    const input = surroundings.parameters.find((candidate) => candidate.ParameterKey === name);
    const given = input?.UsePreviousValue ? surroundings.previousValue(name) : input?.ParameterValue;
    const value = given ?? (declaration.Default === undefined ? undefined : String(declaration.Default));
    if (value === undefined) throw new TemplateError(`Parameters: [${name}] must have values`);
    checkValue(name, value, declaration);

    const type = String(declaration.Type);
    const systemsManager = type.startsWith('AWS::SSM::Parameter::Value<');
    return { name, value, resolved: resolve(name, type, value, surroundings), systemsManager, noEcho: String(declaration.NoEcho) === 'true' };
  });
}

function checkValue(name: string, value: string, declaration: Record<string, unknown>): void {
  const { AllowedValues: values, AllowedPattern: pattern, ConstraintDescription: description } = declaration;
  if (Array.isArray(values) && !values.map(String).includes(value)) {
    throw new TemplateError(`Parameter '${name}' must be one of AllowedValues`);
  }
  if (typeof pattern === 'string' && !new RegExp(`^(?:${pattern})$`).test(value)) {
    throw new TemplateError(`Parameter ${name} failed to satisfy constraint: ${typeof description === 'string' ? description : pattern}`);
  }
}

function resolve(name: string, type: string, value: string, surroundings: Surroundings): unknown {
  switch (type) {
    case 'String':
    case 'Number':
      return value;
    case 'CommaDelimitedList':
    case 'List<String>':
    case 'List<Number>':
      return value.split(',').map((element) => element.trim());
    case 'AWS::SSM::Parameter::Value<String>': {
      const found = surroundings.systemsManagerParameter(value);
      if (found === undefined) throw new TemplateError(`Unable to fetch parameters [${value}] from parameter store for this account.`);
      return found;
    }
    default:
      throw new TemplateError(`Template format error: the local platform does not know the type ${type} of parameter ${name}`);
  }
}

// What a PriorityLevelConfiguration may say: exempt or limited, and how a limited one queues.
import type { PriorityLevelConfiguration } from '../../objects.ts';
import { sameJson } from '../engine/json.ts';
import {
  type FieldError,
  FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../field.ts';
import { mandatoryLevels } from './bootstrap.ts';
import { validateConditions } from './flow-schema-validation.ts';
import { hashBitsMax, requiredEntropyBits } from './shuffle-sharding.ts';
import type { ExemptLevel, LimitedLevel, PriorityLevelSpec, Queuing } from './types.ts';

const queuesMax = 10_000_000;
const preserveZeroAnnotation = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares';

export function validatePriorityLevel(level: PriorityLevelConfiguration): readonly FieldError[] {
  const name = level.metadata?.name ?? '';
  const path = FieldPath.of('spec');
  const errors: FieldError[] = [];
  if (level.metadata?.annotations?.[preserveZeroAnnotation] !== undefined) {
    const why = `annotation '${preserveZeroAnnotation}' is forbidden`;
    errors.push(forbiddenField(FieldPath.of('metadata', 'annotations'), why));
  }
  errors.push(
    ...validateSpec(level.spec, name, path),
    ...validateMandatory(level, path),
    ...validateConditions(level.status?.conditions),
  );
  return errors;
}

function validateMandatory(level: PriorityLevelConfiguration, path: FieldPath): FieldError[] {
  const name = level.metadata?.name ?? '';
  const fixed = mandatoryLevels.find((each) => each.metadata?.name === name);
  if (fixed === undefined) return [];
  if (name === 'exempt') {
    const { exempt: _have, ...have } = level.spec ?? {};
    const { exempt: _want, ...want } = fixed.spec ?? {};
    if (sameJson(have, want)) return [];
    const why = `spec of '${name}' except the 'spec.exempt' field must equal the fixed value`;
    return [invalidValue(path, level.spec, why)];
  }
  if (sameJson(level.spec, fixed.spec)) return [];
  return [invalidValue(path, level.spec, `spec of '${name}' must equal the fixed value`)];
}

function validateSpec(
  spec: PriorityLevelSpec | undefined,
  name: string,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const type = spec?.type ?? '';
  const typePath = path.child('type');
  if ((name === 'exempt') !== (type === 'Exempt')) {
    const why = "must be 'Exempt' if and only if `name` is 'exempt'";
    errors.push(invalidValue(typePath, type, why));
  }
  const limited = path.child('limited');
  const exempt = path.child('exempt');
  if (type === 'Exempt') {
    if (spec?.limited !== undefined) {
      errors.push(forbiddenField(limited, 'must be nil if the type is not Limited'));
    }
    if (spec?.exempt !== undefined) errors.push(...validateExempt(spec.exempt, exempt));
  } else if (type === 'Limited') {
    if (spec?.exempt !== undefined) {
      errors.push(forbiddenField(exempt, 'must be nil if the type is Limited'));
    }
    if (spec?.limited === undefined) {
      errors.push(required(limited, 'must not be empty when type is Limited'));
    } else errors.push(...validateLimited(spec.limited, limited));
  } else if (type === '') errors.push(required(typePath));
  else errors.push(notSupported(typePath, type, ['Exempt', 'Limited']));
  return errors;
}

function validateShares(shares: number | undefined, path: FieldPath): FieldError[] {
  if (shares === undefined || shares >= 0) return [];
  return [invalidValue(path, shares, 'must be a non-negative integer')];
}

function validateLendable(percent: number | undefined, path: FieldPath): FieldError[] {
  if (percent === undefined || (percent >= 0 && percent <= 100)) return [];
  return [invalidValue(path, percent, 'must be between 0 and 100, inclusive')];
}

function validateExempt(exempt: ExemptLevel, path: FieldPath): FieldError[] {
  return [
    ...validateShares(exempt.nominalConcurrencyShares, path.child('nominalConcurrencyShares')),
    ...validateLendable(exempt.lendablePercent, path.child('lendablePercent')),
  ];
}

function validateLimited(limited: LimitedLevel, path: FieldPath): FieldError[] {
  const errors = [
    ...validateShares(limited.nominalConcurrencyShares, path.child('nominalConcurrencyShares')),
    ...validateLimitResponse(limited, path.child('limitResponse')),
    ...validateLendable(limited.lendablePercent, path.child('lendablePercent')),
  ];
  const borrowing = limited.borrowingLimitPercent;
  if (borrowing !== undefined && borrowing < 0) {
    const why = 'if specified, must be a non-negative integer';
    errors.push(invalidValue(path.child('borrowingLimitPercent'), borrowing, why));
  }
  return errors;
}

function validateLimitResponse({ limitResponse }: LimitedLevel, path: FieldPath): FieldError[] {
  const type = limitResponse?.type ?? '';
  const queuing = limitResponse?.queuing;
  const at = path.child('queuing');
  if (type === 'Reject') {
    const why = 'must be nil if limited.limitResponse.type is not Limited';
    return queuing === undefined ? [] : [forbiddenField(at, why)];
  }
  if (type === 'Queue') {
    const why = 'must not be empty if limited.limitResponse.type is Limited';
    return queuing === undefined ? [required(at, why)] : validateQueuing(queuing, at);
  }
  if (type === '') return [required(path.child('type'))];
  return [notSupported(path.child('type'), type, ['Queue', 'Reject'])];
}

function validateQueuing(queuing: Queuing, path: FieldPath): FieldError[] {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing;
  const errors: FieldError[] = [];
  const refuse = (field: string, value: number, why: string) =>
    errors.push(invalidValue(path.child(field), value, why));
  if (queueLengthLimit <= 0) refuse('queueLengthLimit', queueLengthLimit, 'must be positive');
  if (queues <= 0) refuse('queues', queues, 'must be positive');
  else if (queues > queuesMax) {
    refuse('queues', queues, `must not be greater than ${queuesMax}`);
  }
  if (handSize <= 0) refuse('handSize', handSize, 'must be positive');
  else if (handSize > queues) {
    refuse('handSize', handSize, `should not be greater than queues (${queues})`);
  } else if (requiredEntropyBits(queues, handSize) > hashBitsMax) {
    const sizes = `deckSize ${queues} and handSize ${handSize}`;
    refuse(
      'handSize',
      handSize,
      `required entropy bits of ${sizes} should not be greater than ${hashBitsMax}`,
    );
  }
  return errors;
}

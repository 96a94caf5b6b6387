// DeviceTaintRule: an administrator's taint on devices, whoever offers them; off by default.
import { timestamp } from '../../clock.ts';
import type { Condition, DeviceTaintRule } from '../../objects.ts';
import { type FieldError, FieldPath, tooMany } from '../field.ts';
import { ageSince } from '../human-duration.ts';
import { validateConditions } from '../metadata/conditions.ts';
import { ageCell, ageColumn, column, nameCell, nameColumn } from '../printer-column.ts';
import { defineResource, type HookContext } from '../resource.ts';
import { validateTaint } from './device-validation.ts';
import { resourceGroup } from './group.ts';
import { validateDriverName, validateLabelLike, validatePoolName } from './name-validation.ts';

const specPath = FieldPath.of('spec');
const conditionsMax = 8;

/** The taint stands since now, unless it says since when; a new effect starts anew. */
function stamp(next: DeviceTaintRule, old: DeviceTaintRule | undefined, context: HookContext) {
  const taint = next.spec?.taint;
  if (taint === undefined) return;
  const before = old?.spec.taint;
  taint.timeAdded ??= timestamp(context.clock);
  if (before === undefined || before.effect === taint.effect) return;
  if (before.timeAdded === taint.timeAdded) taint.timeAdded = timestamp(context.clock);
}

function validateRule(rule: DeviceTaintRule, old?: DeviceTaintRule): readonly FieldError[] {
  const { deviceSelector = {}, taint = { key: '', effect: '' } } = rule.spec ?? {};
  const path = specPath.child('deviceSelector');
  const { driver, pool, device } = deviceSelector;
  return [
    ...(driver === undefined ? [] : validateDriverName(driver, path.child('driver'))),
    ...(pool === undefined ? [] : validatePoolName(pool, path.child('pool'))),
    ...(device === undefined ? [] : validateLabelLike(device, path.child('device'))),
    ...validateTaint(taint, specPath.child('taint'), old?.spec.taint.effect),
  ];
}

function validateStatus({ status }: DeviceTaintRule): readonly FieldError[] {
  const conditions = (status?.conditions ?? []) as Condition[];
  const path = FieldPath.of('status', 'conditions');
  const errors = validateConditions(conditions, path);
  if (conditions.length <= conditionsMax) return errors;
  return [...errors, tooMany(path, conditions.length, conditionsMax)];
}

export const deviceTaintRuleResource = defineResource<DeviceTaintRule>({
  kind: 'DeviceTaintRule',
  plural: 'devicetaintrules',
  singular: 'devicetaintrule',
  namespaced: false,
  returnsDeletedObject: true,
  groups: [
    {
      group: resourceGroup,
      versions: ['v1beta2', 'v1alpha3'].map((version) => ({
        version,
        schema: `io.k8s.api.resource.${version}.DeviceTaintRule`,
        served: false,
      })),
    },
  ],
  hasStatus: true,
  statusKeepsMetadata: true,
  prepareCreate: (rule, context) => stamp(rule, undefined, context),
  prepareUpdate: stamp,
  validate: (rule, _context, old) => validateRule(rule, old),
  validateStatusUpdate: validateStatus,
  table: {
    columns: [
      nameColumn,
      column('Key', 'The taint key to be applied to a device. Must be a label name.'),
      column('Value', 'The taint value corresponding to the taint key. Must be a label value.'),
      column(
        'Effect',
        'The effect of the taint on claims that do not tolerate the taint and through such claims ' +
          'on the pods using them.\n\nValid effects are None, NoSchedule and NoExecute. ' +
          'PreferNoSchedule as used for nodes is not valid here. More effects may get added in the ' +
          'future. Consumers must treat unknown effects like None.',
      ),
      column(
        'TimeAdded',
        'TimeAdded represents the time at which the taint was added or (only in a ' +
          'DeviceTaintRule) the effect was modified. Added automatically during create or update ' +
          'if not set.\n\nIn addition, in a DeviceTaintRule a value provided during an update gets ' +
          'replaced with the current time if the provided value is the same as the old one and the ' +
          'new effect is different. Changing the key and/or value while keeping the effect ' +
          'unchanged is possible and does not update the time stamp because the eviction which ' +
          'uses it is either already started (NoExecute) or not started yet (NoEffect, NoSchedule).',
      ),
      ageColumn,
    ],
    cells(rule, nowMs) {
      const { key = '', value = '', effect = '', timeAdded } = rule.spec?.taint ?? {};
      const since = timeAdded === undefined ? '' : ageSince(timeAdded, nowMs);
      return [nameCell(rule), key, value, effect, since, ageCell(rule, nowMs)];
    },
  },
});

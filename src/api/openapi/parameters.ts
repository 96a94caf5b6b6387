// The query and path parameters that operations name, with their types and what they mean.

export interface Parameter {
  readonly type: 'string' | 'boolean' | 'integer';
  readonly description: string;
}

const text = (description: string): Parameter => ({ type: 'string', description });
const flag = (description: string): Parameter => ({ type: 'boolean', description });
const count = (description: string): Parameter => ({ type: 'integer', description });

/** By name. */
export const queryParameters: Readonly<Record<string, Parameter>> = {
  allowWatchBookmarks: flag('Asks for watch events of type BOOKMARK.'),
  continue: text('The token of a list that was cut by its limit: go on from there.'),
  dryRun: text('When present, nothing is stored. Valid value: All.'),
  fieldManager: text('The name that owns the fields which this request sets.'),
  fieldSelector: text('Restricts the answer by fields. Defaults to everything.'),
  fieldValidation: text(
    'What to do with unknown and duplicate fields: Ignore drops them, Warn (the default) warns ' +
      'of each, Strict refuses the request.',
  ),
  force: flag('Takes fields over from other owners. Only for apply.'),
  gracePeriodSeconds: count('Seconds before the object is deleted; zero means at once.'),
  ignoreStoreReadErrorWithClusterBreakingPotential: flag(
    'Deletes an object although it cannot be read. Dangerous.',
  ),
  labelSelector: text('Restricts the answer by labels. Defaults to everything.'),
  limit: count('At most so many items in one answer.'),
  orphanDependents: flag('Deprecated: use propagationPolicy.'),
  pretty: text('If "true", the answer is indented.'),
  propagationPolicy: text('What happens to dependents: Orphan, Background or Foreground.'),
  resourceVersion: text('The version of the data that the answer may come from.'),
  resourceVersionMatch: text('How resourceVersion is applied to a list.'),
  sendInitialEvents: flag('Begins a watch with the objects that there are.'),
  timeoutSeconds: count('Limits how long a list or watch may take.'),
  watch: flag('Watches for changes instead of listing.'),
};

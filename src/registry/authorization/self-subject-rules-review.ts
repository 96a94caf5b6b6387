// SelfSubjectRulesReview: a question that is answered on create and never stored.
import { defineResource } from '../resource.ts';

export const selfSubjectRulesReviewResource = defineResource({
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  singular: 'selfsubjectrulesreview',
  namespaced: false,
  groups: [
    {
      group: 'authorization.k8s.io',
      versions: [{ version: 'v1', schema: 'io.k8s.api.authorization.v1.SelfSubjectRulesReview' }],
    },
  ],
  verbs: ['create'],
  virtual: true,
  hasGeneration: false,
});

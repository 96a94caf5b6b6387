// SelfSubjectReview: a question that is answered on create and never stored.
import { defineResource } from '../resource.ts';

export const selfSubjectReviewResource = defineResource({
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  singular: 'selfsubjectreview',
  namespaced: false,
  groups: [
    {
      group: 'authentication.k8s.io',
      versions: [{ version: 'v1', schema: 'io.k8s.api.authentication.v1.SelfSubjectReview' }],
    },
  ],
  verbs: ['create'],
  virtual: true,
  hasGeneration: false,
});

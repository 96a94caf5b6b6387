// SelfSubjectAccessReview: a question that is answered on create and never stored.
import { defineResource } from '../resource.ts';

export const selfSubjectAccessReviewResource = defineResource({
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  singular: 'selfsubjectaccessreview',
  namespaced: false,
  groups: [
    {
      group: 'authorization.k8s.io',
      versions: [{ version: 'v1', schema: 'io.k8s.api.authorization.v1.SelfSubjectAccessReview' }],
    },
  ],
  verbs: ['create'],
  virtual: true,
  hasGeneration: false,
});

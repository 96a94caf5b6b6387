// LocalSubjectAccessReview: a question that is answered on create and never stored.
import { defineResource } from '../resource.ts';

export const localSubjectAccessReviewResource = defineResource({
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  singular: 'localsubjectaccessreview',
  namespaced: true,
  groups: [
    {
      group: 'authorization.k8s.io',
      versions: [{ version: 'v1', schema: 'io.k8s.api.authorization.v1.LocalSubjectAccessReview' }],
    },
  ],
  verbs: ['create'],
  virtual: true,
  hasGeneration: false,
});

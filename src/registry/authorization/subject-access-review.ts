// SubjectAccessReview: a question that is answered on create and never stored.
import { defineResource } from '../resource.ts';

export const subjectAccessReviewResource = defineResource({
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  singular: 'subjectaccessreview',
  namespaced: false,
  groups: [
    {
      group: 'authorization.k8s.io',
      versions: [{ version: 'v1', schema: 'io.k8s.api.authorization.v1.SubjectAccessReview' }],
    },
  ],
  verbs: ['create'],
  virtual: true,
  hasGeneration: false,
});

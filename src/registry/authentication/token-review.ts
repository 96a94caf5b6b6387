// TokenReview: a question that is answered on create and never stored.
import { defineResource } from '../resource.ts';

export const tokenReviewResource = defineResource({
  kind: 'TokenReview',
  plural: 'tokenreviews',
  singular: 'tokenreview',
  namespaced: false,
  groups: [
    {
      group: 'authentication.k8s.io',
      versions: [{ version: 'v1', schema: 'io.k8s.api.authentication.v1.TokenReview' }],
    },
  ],
  verbs: ['create'],
  virtual: true,
  hasGeneration: false,
});

// ValidatingWebhookConfiguration: which webhooks may refuse which requests.
import type { ValidatingWebhookConfiguration } from '../../objects.ts';
import { defineResource } from '../resource.ts';
import { admissionGroup, staticNameWarnings, webhooksTable } from './webhook-configurations.ts';
import { defaultWebhook, validateWebhooks } from './webhook-validation.ts';

export const validatingWebhookConfigurationResource =
  defineResource<ValidatingWebhookConfiguration>({
    kind: 'ValidatingWebhookConfiguration',
    plural: 'validatingwebhookconfigurations',
    singular: 'validatingwebhookconfiguration',
    categories: ['api-extensions'],
    namespaced: false,
    groups: [
      {
        group: admissionGroup,
        versions: [
          {
            version: 'v1',
            schema: 'io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration',
            defaults: ({ webhooks }) => webhooks?.forEach(defaultWebhook),
          },
        ],
      },
    ],
    hasGeneration: true,
    unconditionalUpdate: false,
    validate: ({ webhooks }) => validateWebhooks(webhooks),
    warnings: staticNameWarnings,
    table: webhooksTable,
  });

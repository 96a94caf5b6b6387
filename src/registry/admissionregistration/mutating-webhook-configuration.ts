// MutatingWebhookConfiguration: which webhooks may change which objects on their way in.
import type { MutatingWebhookConfiguration } from '../../objects.ts';
import { defineResource } from '../resource.ts';
import { admissionGroup, staticNameWarnings, webhooksTable } from './webhook-configurations.ts';
import { defaultWebhook, validateWebhooks } from './webhook-validation.ts';

function setDefaults({ webhooks }: MutatingWebhookConfiguration): void {
  for (const webhook of webhooks ?? []) {
    defaultWebhook(webhook);
    webhook.reinvocationPolicy ??= 'Never';
  }
}

export const mutatingWebhookConfigurationResource = defineResource<MutatingWebhookConfiguration>({
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  singular: 'mutatingwebhookconfiguration',
  categories: ['api-extensions'],
  namespaced: false,
  groups: [
    {
      group: admissionGroup,
      versions: [
        {
          version: 'v1',
          schema: 'io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration',
          defaults: setDefaults,
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

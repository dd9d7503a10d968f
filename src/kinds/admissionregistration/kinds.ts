import type { Kind } from '../kind.ts'
import { mutatingAdmissionPolicy, validatingAdmissionPolicy } from './admission-policy.ts'
import {
  mutatingAdmissionPolicyBinding,
  validatingAdmissionPolicyBinding,
} from './admission-policy-binding.ts'
import {
  mutatingWebhookConfiguration,
  validatingWebhookConfiguration,
} from './webhook-configuration.ts'

/** The group admissionregistration.k8s.io. */
export const admissionKinds: readonly Kind[] = [
  mutatingAdmissionPolicy,
  mutatingAdmissionPolicyBinding,
  mutatingWebhookConfiguration,
  validatingAdmissionPolicy,
  validatingAdmissionPolicyBinding,
  validatingWebhookConfiguration,
]

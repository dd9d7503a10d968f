import type { Kind } from '../kind.ts'
import { csiDriver, csiNode, csiStorageCapacity } from './csi.ts'
import { storageClass, volumeAttributesClass } from './storage-class.ts'
import { volumeAttachment } from './volume-attachment.ts'

/** The group storage.k8s.io. */
export const storageKinds: readonly Kind[] = [
  csiDriver,
  csiNode,
  csiStorageCapacity,
  storageClass,
  volumeAttachment,
  volumeAttributesClass,
]

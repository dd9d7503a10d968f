/**
 * A message whose parts are made when they are sent: what its reader does not take does not lie here. A part
 * is read before the next one is asked for: all may be made in the same place.
 */
export class LongMessage {
  readonly bytes: number
  readonly parts: Iterable<Buffer>

  constructor(bytes: number, parts: Iterable<Buffer>) {
    this.bytes = bytes
    this.parts = parts
  }
}

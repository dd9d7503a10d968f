import { masqueradeBit } from './nftables.ts'
import type { RunProgram } from './program.ts'

/**
 * Docker drops what is forwarded to its bridges from elsewhere, and an accept in our own table cannot undo
 * that. Docker leaves the chain DOCKER-USER to others: one rule there lets in what our rules marked, which
 * is the first packet of connections to node ports and external addresses; Docker accepts the rest of
 * them as established.
 */
const chain = 'DOCKER-USER'

function rule(table: string): string[] {
  const marked = ['-m', 'mark', '--mark', `${masqueradeBit}/${masqueradeBit}`]
  return [...marked, '-m', 'comment', '--comment', table, '-j', 'ACCEPT']
}

/** Adds the rule where it is missing. Resolves to false when there is no such chain or no iptables. */
export async function acceptForwarded(run: RunProgram, table: string): Promise<boolean> {
  if (await succeeds(run, ['-C', chain, ...rule(table)])) return true
  return await succeeds(run, ['-I', chain, '1', ...rule(table)])
}

/** Takes the rule away, if it is there. */
export async function stopAcceptingForwarded(run: RunProgram, table: string): Promise<void> {
  await succeeds(run, ['-D', chain, ...rule(table)])
}

/** Where iptables or the chain is missing there is no Docker whose policy could be in the way. */
async function succeeds(run: RunProgram, args: readonly string[]): Promise<boolean> {
  try {
    await run('iptables', ['-w', '5', ...args], '')
    return true
  } catch {
    return false
  }
}

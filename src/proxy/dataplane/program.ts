import { spawn } from 'node:child_process'

/** Runs a program with `input` and resolves to its output; rejects when it fails. */
export type RunProgram = (
  program: string,
  args: readonly string[],
  input: string,
) => Promise<string>

const outputBytesMax = 1024 * 1024
const programMsMax = 30_000

/** Runs programs of this machine, also those in the system folders that PATH may lack. */
export const runProgram: RunProgram = (program, args, input) =>
  new Promise((resolve, reject) => {
    const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PATH: path },
      timeout: programMsMax,
    })
    let output = ''
    let complaint = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (output.length < outputBytesMax) output += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      if (complaint.length < outputBytesMax) complaint += chunk
    })
    // A program that ends early closes its input; its exit code tells why.
    child.stdin.on('error', () => {})
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output)
      else
        reject(new Error(`${program} ended with ${signal ?? code}: ${complaint.slice(0, 2_000)}`))
    })
    child.stdin.end(input)
  })

// A disk whose power can be cut: ext4 in a file, on a loop device. After a cut the kernel itself
// drops what was not synced; mounting it again replays the journal.
import { execFileSync } from 'node:child_process'
import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { compile, compilerProblem } from './compile.js'
import { collectGarbage } from '../layers/garbage.js'
import { mountingProblem, newFolder, unmount } from './mounts.js'

const IMAGE_BYTES = 4 * 2 ** 30

/** Why no power can be cut here; `undefined` if it can. */
export function powerProblem(): string | undefined {
  return mountingProblem() ?? compilerProblem()
}

export class PowerDisk {
  /** Where it is mounted. */
  readonly folder: string
  readonly #image: string
  readonly #cutter: string
  readonly #root: string

  constructor() {
    this.#root = newFolder()
    this.#cutter = compile('power-cut.c')
    this.#image = join(this.#root, 'image')
    this.folder = newFolder()
    writeFileSync(this.#image, '')
    truncateSync(this.#image, IMAGE_BYTES)
    execFileSync('mkfs.ext4', ['-q', '-F', this.#image])
    this.#mount()
  }

  #mount(): void {
    execFileSync('mount', ['-o', 'loop', this.#image, this.folder])
  }

  /** From here on nothing reaches the disk; syncs fail. */
  cut(): void {
    execFileSync(this.#cutter, [this.folder])
  }

  /** Power is back: what is there is what was on the disk. No process may use the folder. */
  async restore(): Promise<void> {
    // Concepts that a closed store handed out keep the files mapped that they were read from.
    await collectGarbage()
    execFileSync('umount', [this.folder])
    this.#mount()
  }

  remove(): void {
    unmount(this.folder)
    for (const path of [this.folder, this.#root, dirname(this.#cutter)]) {
      rmSync(path, { recursive: true, force: true })
    }
  }
}

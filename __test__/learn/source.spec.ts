// Source files: documented items and imports, in each language.
import test from 'ava'
import { contents, extractText, imports } from './extracting.js'

test('TypeScript: doc comments, members, imports', (t) => {
  const found = extractText(
    'src/store.ts',
    `// The store. It holds
// concepts.

import { a } from './a.js'
import type {
  B,
} from "../lib/b"
export * from './c/index.js'
import 'fastify'
import { x } from '@scope/pkg/deep'
import fs from 'node:fs'
import path from 'path'
const late = await import('./late.js')

/** Opens a store. */
export async function openStore(
  path: string,
  options: { a: number },
): Promise<Store> {
  return 1
}

/**
 * A store.
 *
 * @example
 * import { no } from 'not-imported'
 */
export class Store<T> {
  /** How many. */
  readonly count = 1

  /** Closes it. */
  async close(): Promise<void> {}
}

/** An option. */
export interface Options {
  /** Name of it. */
  name?: string
}

/** Not above anything. */

const plain = 1
`,
  )
  t.deepEqual(contents(found), {
    'doc:src/store.ts':
      'src/store.ts\n\nThe store. It holds\nconcepts.\n\n' +
      'Documented: openStore, Store, Store.count, Store.close, Options, Options.name',
    'symbol:src/store.ts#openStore':
      'openStore in src/store.ts\n' +
      'export async function openStore( path: string, options: { a: number }, ): Promise<Store>' +
      '\n\nOpens a store.',
    'symbol:src/store.ts#Store':
      'Store in src/store.ts\nexport class Store<T>\n\nA store.\n\n@example\n' +
      "import { no } from 'not-imported'",
    'symbol:src/store.ts#Store.count':
      'Store.count in src/store.ts\nreadonly count = 1\n\nHow many.',
    'symbol:src/store.ts#Store.close':
      'Store.close in src/store.ts\nasync close(): Promise<void> {}\n\nCloses it.',
    'symbol:src/store.ts#Options':
      'Options in src/store.ts\nexport interface Options\n\nAn option.',
    'symbol:src/store.ts#Options.name':
      'Options.name in src/store.ts\nname?: string\n\nName of it.',
  })
  const first = imports(found).map((keys) => keys.slice(0, 2))
  t.deepEqual(first, [
    ['doc:src/a.js', 'doc:src/a.ts'],
    ['doc:lib/b', 'doc:lib/b.ts'],
    ['doc:src/c/index.js', 'doc:src/c/index.ts'],
    ['package:@scope/pkg'],
    ['package:fastify'],
    ['doc:src/late.js', 'doc:src/late.ts'],
  ])
})

test('JavaScript: requires, a comment about the file, one about the first item', (t) => {
  const about = extractText('a.js', "/**\n * About it.\n */\n\nconst b = require('./b')\n")
  t.is(about.concepts[0]!.content, 'a.js\n\nAbout it.')
  t.deepEqual(imports(about)[0]!.slice(0, 1), ['doc:b'])
  const item = extractText('a.js', '/** Adds. */\nexport const add = (a, b) => a + b\n')
  t.is(item.concepts[0]!.content, 'a.js\n\nDocumented: add')
})

test('Rust: doc comments with attributes between, impl blocks, use and mod', (t) => {
  const found = extractText(
    'crates/a/src/wal/mod.rs',
    `//! The log.
//! Append only.

use std::fs;
use crate::delta::Delta;
use super::View;
pub use sutra_format::{Batch, Op};
mod segment;

/// One segment.
#[derive(Debug)]
pub struct Segment<'a> {
    /// Its number.
    pub number: u64,
    /// Its name.
    name: &'a str,
}

impl<'a> Segment<'a> {
    /// Appends.
    pub fn append(
        &mut self,
        bytes: &[u8],
    ) -> Result<u64, Error> {
        Ok(1)
    }
}

impl fmt::Display for Segment<'_> {
    /// Shows it.
    fn fmt(&self) {}
}

//// not a doc comment
fn private() {}
`,
  )
  t.deepEqual(Object.keys(contents(found)), [
    'doc:crates/a/src/wal/mod.rs',
    'symbol:crates/a/src/wal/mod.rs#Segment',
    'symbol:crates/a/src/wal/mod.rs#Segment.number',
    'symbol:crates/a/src/wal/mod.rs#Segment.name',
    'symbol:crates/a/src/wal/mod.rs#Segment.append',
    'symbol:crates/a/src/wal/mod.rs#Segment.fmt',
  ])
  t.true(found.concepts[0]!.content.includes('The log.\nAppend only.'))
  t.is(found.concepts[2]!.attributes!.signature, 'pub number: u64')
  t.deepEqual(imports(found), [
    ['doc:crates/a/src/wal/segment.rs', 'doc:crates/a/src/wal/segment/mod.rs'],
    [
      'doc:crates/a/src/delta/Delta.rs',
      'doc:crates/a/src/delta/Delta/mod.rs',
      'doc:crates/a/src/delta.rs',
      'doc:crates/a/src/delta/mod.rs',
    ],
    ['doc:crates/a/src/View.rs', 'doc:crates/a/src/View/mod.rs'],
    [
      'crate:sutra_format',
      'crate:sutra-format',
      'doc:crates/a/src/wal/sutra_format.rs',
      'doc:crates/a/src/wal/sutra_format/mod.rs',
    ],
  ])
})

test('Python: docstrings and imports', (t) => {
  const found = extractText(
    'pkg/mod.py',
    `#!/usr/bin/env python
"""The module.

    Indented.
"""
import os, pkg.other as o
from . import sibling
from ..up import thing

class Store:
    """A store."""

    def close(
        self,
        now: bool = True,
    ) -> None:
        r'''Closes it.'''

    async def plain(self):
        pass

def open_store(path):
    """
    Opens.

        More.
    """
`,
  )
  t.deepEqual(contents(found), {
    'doc:pkg/mod.py':
      'pkg/mod.py\n\nThe module.\n\nIndented.\n\nDocumented: Store, Store.close, open_store',
    'symbol:pkg/mod.py#Store': 'Store in pkg/mod.py\nclass Store\n\nA store.',
    'symbol:pkg/mod.py#Store.close':
      'Store.close in pkg/mod.py\ndef close( self, now: bool = True, ) -> None\n\nCloses it.',
    'symbol:pkg/mod.py#open_store':
      'open_store in pkg/mod.py\ndef open_store(path)\n\nOpens.\n\n    More.',
  })
  const keys = imports(found)
  t.true(keys.some((one) => one.includes('doc:pkg/other.py')))
  t.true(keys.some((one) => one[0] === 'doc:pkg/sibling.py'))
  t.true(keys.some((one) => one.includes('doc:up.py') && one[0] === 'doc:up/thing.py'))
})

test('Go: comments, methods, imports', (t) => {
  const found = extractText(
    'wal/log.go',
    `// Package wal writes.
package wal

import (
	"fmt"
	"example.org/mod/store"
)

// Log is a log.
type Log struct{}

//go:noinline
// Append appends.
func (l *Log) Append(b []byte) error {
	return nil
}

// Open opens.
func Open() *Log { return nil }
`,
  )
  t.deepEqual(Object.keys(contents(found)), [
    'doc:wal/log.go',
    'symbol:wal/log.go#Log',
    'symbol:wal/log.go#Log.Append',
    'symbol:wal/log.go#Open',
  ])
  t.true(found.concepts[0]!.content.includes('Package wal writes.'))
  t.deepEqual(imports(found), [['folder:mod/store', 'folder:store']])
})

test('Java: comments, annotations, imports', (t) => {
  const found = extractText(
    'src/main/java/org/a/Store.java',
    `/* Licence. */
package org.a;

import org.b.Other;
import static org.b.Util.of;
import java.util.*;

/**
 * A store.
 */
@Singleton
public final class Store {
    /** How many. */
    private int count = 0;

    /** Closes it. */
    @Override
    public void close() throws IOException {
    }
}
`,
  )
  t.deepEqual(Object.keys(contents(found)), [
    'doc:src/main/java/org/a/Store.java',
    'symbol:src/main/java/org/a/Store.java#Store',
    'symbol:src/main/java/org/a/Store.java#Store.count',
    'symbol:src/main/java/org/a/Store.java#Store.close',
  ])
  t.deepEqual(imports(found), [
    ['doc:src/main/java/org/b/Other.java', 'doc:src/main/java/org/b.java'],
    ['doc:src/main/java/org/b/Util/of.java', 'doc:src/main/java/org/b/Util.java'],
  ])
})

test('C: functions, macros, includes', (t) => {
  const found = extractText(
    'src/log.c',
    `/** The file. */
#include "log.h"
#include <stdio.h>

/** Most bytes. */
#define BYTES_MAX 10

/** Appends. */
static int log_append(struct log *log,
                      const char *bytes) {
}
`,
  )
  t.deepEqual(Object.keys(contents(found)).slice(1), [
    'symbol:src/log.c#BYTES_MAX',
    'symbol:src/log.c#log_append',
  ])
  t.deepEqual(imports(found)[0], [
    'doc:src/log.h',
    'doc:include/log.h',
    'doc:src/log.h',
    'doc:log.h',
  ])
})

test('overloads and items of one name are told apart', (t) => {
  const found = extractText('a.ts', '/** A. */\nfunction f(): 1\n/** B. */\nfunction f(): 2\n')
  t.deepEqual(Object.keys(contents(found)).slice(1), ['symbol:a.ts#f', 'symbol:a.ts#f~2'])
})

const SLOW = [
  '/** ',
  '/**\n',
  ' ',
  '\n',
  '*',
  "import '",
  'export ',
  'from ',
  '"""\n',
  'def f(',
  '(',
  '.',
]

for (const extension of ['ts', 'rs', 'py', 'go', 'java']) {
  test(`a .${extension} file of nothing but one thing is read in a moment`, (t) => {
    const started = process.cpuUsage()
    for (const piece of SLOW) extractText(`a.${extension}`, piece.repeat(100_000 / piece.length))
    const { user } = process.cpuUsage(started)
    t.true(user < 10e6, `${user} µs`)
  })
}

// highlight.js as tokens: the page makes elements of them, so that no HTML of a message is ever parsed.
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import c from 'highlight.js/lib/languages/c';
import cpp from 'highlight.js/lib/languages/cpp';
import css from 'highlight.js/lib/languages/css';
import diff from 'highlight.js/lib/languages/diff';
import go from 'highlight.js/lib/languages/go';
import ini from 'highlight.js/lib/languages/ini';
import java from 'highlight.js/lib/languages/java';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import markdown from 'highlight.js/lib/languages/markdown';
import python from 'highlight.js/lib/languages/python';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';

const LANGUAGES = { bash, c, cpp, css, diff, go, ini, java, javascript, json, markdown, python, rust, sql, typescript, xml, yaml };
for (const [name, language] of Object.entries(LANGUAGES)) hljs.registerLanguage(name, language);

const MIN_RELEVANCE = 4; // below it a guess is no better than none

const PLAIN = new Set(['txt', 'text', 'log', 'plaintext', 'srt', 'vtt']); // written for people, not for machines

export interface Token {
  text: string;
  kind: string; // keyword, string, comment ..., '' for plain words
}

interface Node {
  scope?: string;
  children: (Node | string)[];
}

export function highlight(text: string, language: string): Token[] {
  if (PLAIN.has(language.toLowerCase())) return [{ text, kind: '' }];
  const isKnown = hljs.getLanguage(language) !== undefined;
  const result = isKnown ? hljs.highlight(text, { language, ignoreIllegals: true }) : hljs.highlightAuto(text);
  if (!isKnown && result.relevance < MIN_RELEVANCE) return [{ text, kind: '' }];
  const tokens: Token[] = [];
  collect((result as unknown as { _emitter: { rootNode: Node } })._emitter.rootNode, '', tokens);
  return tokens;
}

function collect(node: Node, kind: string, tokens: Token[]): void {
  for (const child of node.children) {
    if (typeof child === 'string') tokens.push({ text: child, kind });
    else collect(child, child.scope?.split('.')[0] ?? kind, tokens);
  }
}

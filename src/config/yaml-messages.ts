/** What is wrong with a file's YAML, in words for the person who edits it. */
import type { ErrorCode } from 'yaml'

export const yamlMessages: Record<ErrorCode, string> = {
  ALIAS_PROPS: 'an alias (*…) can carry neither an anchor nor a tag',
  BAD_ALIAS: 'an alias (*…) needs the name of an anchor',
  BAD_COLLECTION_TYPE: 'the tag and the value do not agree: take the tag (!…) away',
  BAD_DIRECTIVE: 'a line that begins with % is not understood: take it away',
  BAD_DQ_ESCAPE: 'between double quotes a backslash begins an escape: write it twice, or use single quotes',
  BAD_INDENT: 'the indentation does not fit: expected the same spaces as the lines around it, or a closing bracket',
  BAD_PROP_ORDER: 'anchors and tags stand before the value',
  BAD_SCALAR_START: 'a value cannot begin with this character: put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'two keys on one line: put a value that holds ": " in quotes, or begin a new line',
  BLOCK_IN_FLOW: 'indented lists and groups cannot stand inside [ ] or { }',
  DUPLICATE_KEY: 'the key is given twice',
  IMPOSSIBLE: 'is not YAML that can be read',
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters: a closing quote is probably missing',
  MISSING_CHAR:
    'something is missing before this place: a closing quote or bracket, a colon, a comma, or the dash of a list entry',
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines: a colon is probably missing',
  MULTIPLE_ANCHORS: 'one value can carry one anchor',
  MULTIPLE_DOCS: 'a second document begins here (---): expected one in the file',
  MULTIPLE_TAGS: 'one value can carry one tag',
  NON_STRING_KEY: 'a key must be text',
  RESOURCE_EXHAUSTION: 'is nested too deep to be read',
  TAB_AS_INDENT: 'indentation is made of spaces: a tab stands here',
  TAG_RESOLVE_FAILED: 'tags (!…) are not used here: take it away',
  UNEXPECTED_TOKEN: 'is not expected at this place',
}

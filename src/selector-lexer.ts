// Splits the text of a label selector into names, keywords and symbols, as apimachinery's lexer does.

export interface Token {
  /** `keyword` is `in` or `notin`; `bad` is a run of symbols that means nothing. */
  readonly kind: 'name' | 'keyword' | 'symbol' | 'bad' | 'end';
  readonly text: string;
}

const tokenPattern = /[ \t\r\n]*(?:([^ \t\r\n=!(),><]+)|(==|!=|[=!(),><])|$)/y;

/** The tokens of `text`; the end is not one of them. */
export function readTokens(text: string): readonly Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  const pattern = new RegExp(tokenPattern);
  for (;;) {
    const match = pattern.exec(text);
    const [, name, symbol] = match ?? [];
    if (name !== undefined) {
      const keyword = name === 'in' || name === 'notin';
      tokens.push({ kind: keyword ? 'keyword' : 'name', text: name });
    } else if (symbol !== undefined) {
      tokens.push({ kind: 'symbol', text: symbol });
    } else {
      return tokens;
    }
  }
}

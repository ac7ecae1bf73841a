// Token permutations applied; see token_permutation.h for what they are.
//
//   token_order    ORDER int [tokens]: the token at each place, or with `inverse` each token's place
//   token_gather   TO [batch][tokens][row] = FROM [batch][ORDER[·]][row], made without ORDER
//
// One invocation makes one number; 64 per workgroup. Of a gather it moves one element of a row: a word,
// or with WORDS = 0 a 16-bit element.
//
//   parameter   id  meaning
//   FROM_DTYPE  3   element type, if not words: 1 f16, 2 bf16
//   WORDS       8   rows are whole words, moved bit by bit
#ifndef TESSERA_TOKEN_ORDER_H
#define TESSERA_TOKEN_ORDER_H

PARAMETER(8, int, WORDS, 1)

// `count` numbers in all, `row` per token.
CONSTANT_BLOCK(
    int count; int tokens; int row; int kind; int inverse; int first; int n0; int n1; int n2; int w0;
    int w1; int w2;)

#define TOKEN_SOURCE(i)                                                                          \
  (p.inverse != 0                                                                                \
       ? permutation_place(p.kind, p.first, p.n0, p.n1, p.n2, p.w0, p.w1, p.w2, i)               \
       : permutation_token(p.kind, p.first, p.n0, p.n1, p.n2, p.w0, p.w1, p.w2, i))

#endif

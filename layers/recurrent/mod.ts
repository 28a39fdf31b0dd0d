export { Bidirectional } from "./bidirectional.ts";
export { GRU } from "./gru.ts";
export { LSTM } from "./lstm.ts";
export type { RecurrentParametersInit } from "./parameters.ts";
export type { RecurrentBackward, RecurrentLayer, RecurrentPass, RecurrentResult } from "./recurrence.ts";
export { Recurrent, type RecurrentInit, type RecurrentParameters } from "./recurrent.ts";
export { RecurrentStack } from "./recurrent_stack.ts";
export { RNN, type RNNInit } from "./rnn.ts";

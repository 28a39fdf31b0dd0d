export { GRU } from "./gru.ts";
export { LSTM } from "./lstm.ts";
export type { RecurrentParametersInit } from "./parameters.ts";
export {
  Recurrent,
  type RecurrentBackward,
  type RecurrentInit,
  type RecurrentParameters,
  type RecurrentPass,
  type RecurrentResult,
} from "./recurrent.ts";
export { RNN, type RNNInit } from "./rnn.ts";

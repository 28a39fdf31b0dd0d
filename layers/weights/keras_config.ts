import { checkRecord } from "../check_record.ts";
import { checkOnly } from "./conversion.ts";

/** A config without what every layer's has. */
export function ownConfig(config: object): object {
  checkRecord("fromKeras", "the config", config);
  return Object.fromEntries(
    Object.entries(config).filter(([option, value]) => {
      if (/^(name|dtype)$|_initializer$/.test(option)) return false;
      if (option === "trainable") checkOnly("fromKeras", option, value, true);
      else if (/^lora_|^quantization_config$|_(regularizer|constraint)$/.test(option)) {
        checkOnly("fromKeras", option, value, null);
      } else return true;
      return false;
    }),
  );
}

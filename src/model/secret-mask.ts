/** Parameters whose values are never shown: by the words people name secrets with. */
const SECRET_NAME = /(pass(word|wd|phrase)?|secret|token|credential|private_?key|api_?key)$/i;

/** Shorter values would mask half of what an agent says, and protect nothing. */
const SECRET_LENGTH_MIN = 4;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Replaces the values of secret parameters wherever they stand in a text. */
export function maskSecrets(text: string, params: Readonly<Record<string, string>>): string {
  let masked = text;
  for (const [name, value] of Object.entries(params)) {
    if (value.length < SECRET_LENGTH_MIN || !isSecretName(name)) continue;
    masked = masked.replaceAll(value, "******");
  }
  return masked;
}

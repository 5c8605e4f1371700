// Candor's verifier in JavaScript: verdicts on bundles, proofs and seals, from bytes alone.
//
//   const candor = await Candor.load(bytesOfCandorWasm);
//   const report = candor.verify(expected, bundle, proof);   // throws CandorError unless it is accepted
//
// No dependencies, no network, no clock. Works in browsers, Node.js, Deno and workers.

/**
 * What is expected; never taken from what is to be verified. The keys are those of `expected.json`.
 * @typedef {object} Expected
 * @property {string} programId 0x and 64 hexadecimal digits
 * @property {string} agent 0x and 40 hexadecimal digits
 * @property {number | bigint} [chainId] domain of the records; without it, the one that the program id commits to
 * @property {string} [verifyingContract] with chainId
 * @property {string} [setupDigest] of the reference string: without it, a ceremony is only declared
 * @property {string[]} [sealKeys] ids of the keys that seals may be made with: without them, a ceremony is only declared
 * @property {boolean} [allowDeclaredCeremony] accept ceremonies that card or key merely declare
 * @property {boolean} [allowDevelopmentSetup] accept strings and keys whose maker can forge everything
 * @property {string[]} [refuse] further assumptions, by the names that reports print
 */

/**
 * What `candor verify --json`, `candor verify --seal --json` or `candor replay --json` prints, without times.
 * @typedef {Record<string, any>} Report
 */

const INTERFACE = 1;

/** Nothing is established. `exitCode` is the command line's: 2 usage, 3 malformed, 4 rejected, 5 limit, 8 refused assumption, 1 our defect. */
export class CandorError extends Error {
  /**
   * @param {string} kind
   * @param {number} exitCode
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(kind, exitCode, message, options) {
    super(message, options);
    this.name = "CandorError";
    /** `usage`, `malformed`, `rejected`, `limit`, `refused-assumption` or `unexpected`. */
    this.class = kind;
    this.exitCode = exitCode;
  }
}

/** A verifier. Calls are synchronous and keep nothing. */
export class Candor {
  #module;
  /** @type {Record<string, any> | undefined} */
  #exports;

  /** @param {WebAssembly.Module} module */
  constructor(module) {
    this.#module = module;
  }

  /**
   * Compiles candor_wasm.wasm.
   * @param {BufferSource} bytes
   * @returns {Promise<Candor>}
   */
  static async load(bytes) {
    return new Candor(await WebAssembly.compile(bytes));
  }

  /**
   * Every record of the bundle is what the expected program and agent made of its observations.
   * @param {Expected} expected
   * @param {Uint8Array} bundle
   * @param {Uint8Array} proof
   * @returns {Report} with `verdict: "honest"` and the assumptions it rests on
   * @throws {CandorError}
   */
  verify(expected, bundle, proof) {
    return this.#call("candor_verify", [expectation(expected), bundle, proof]);
  }

  /**
   * The same of a seal, with the program's card and the verifying key of its class.
   * @param {Expected} expected
   * @param {Uint8Array} card
   * @param {Uint8Array} key
   * @param {Uint8Array} seal
   * @returns {Report}
   * @throws {CandorError}
   */
  verifySeal(expected, card, key, seal) {
    return this.#call("candor_verify_seal", [expectation(expected), card, key, seal]);
  }

  /**
   * The first record that is not what the program computes. `outcome` is "agrees", "differs" or "undecided".
   * @param {Expected} expected
   * @param {Uint8Array} program with its weights
   * @param {Uint8Array} bundle
   * @returns {Report}
   * @throws {CandorError}
   */
  replay(expected, program, bundle) {
    return this.#call("candor_replay", [expectation(expected), program, bundle]);
  }

  /**
   * @param {string} name
   * @param {Uint8Array[]} inputs
   */
  #call(name, inputs) {
    for (const input of inputs) {
      if (!(input instanceof Uint8Array)) {
        throw new CandorError("usage", 2, "files are passed as Uint8Array");
      }
    }
    let text;
    try {
      const candor = this.#instance();
      /** @type {number[]} */
      const handles = [];
      try {
        for (const input of inputs) handles.push(lend(candor, input));
        const report = candor[name](...handles);
        handles.push(report);
        text = read(candor, report);
      } finally {
        for (const handle of handles) candor.candor_free(handle);
      }
    } catch (error) {
      if (error instanceof CandorError) throw error;
      // A trap would be a defect of ours. The instance may be in any state: the next call gets a fresh one.
      this.#exports = undefined;
      throw new CandorError("unexpected", 1, "the verifier failed: please report this input", { cause: error });
    }
    const report = JSON.parse(text);
    if (report.error) {
      throw new CandorError(report.error.class, report.error.exitCode, report.error.message);
    }
    return report;
  }

  #instance() {
    if (!this.#exports) {
      const { exports } = new WebAssembly.Instance(this.#module, {});
      const candor = /** @type {Record<string, any>} */ (exports);
      const found = candor.candor_interface?.();
      if (found !== INTERFACE) {
        throw new CandorError("usage", 2, `this module has interface ${found}, this loader takes ${INTERFACE}`);
      }
      this.#exports = candor;
    }
    return this.#exports;
  }
}

/** @param {Expected} expected */
function expectation(expected) {
  const { chainId, ...keys } = expected;
  const json = JSON.stringify(keys);
  if (chainId === undefined) return new TextEncoder().encode(json);
  if (typeof chainId === "number" && !Number.isSafeInteger(chainId)) {
    throw new CandorError("usage", 2, "this chainId is no safe integer: pass it as a bigint");
  }
  // JSON.stringify knows no bigint.
  return new TextEncoder().encode(json.replace("{", `{"chainId":${BigInt(chainId)},`));
}

/**
 * @param {Record<string, any>} candor
 * @param {Uint8Array} bytes
 * @returns {number}
 */
function lend(candor, bytes) {
  // A length of 2^32 or more would wrap around.
  const handle = bytes.length < 2 ** 31 ? candor.candor_allocate(bytes.length) : 0;
  if (handle === 0) {
    throw new CandorError("limit", 5, `${bytes.length} bytes are more than the verifier takes, or than there is memory for`);
  }
  new Uint8Array(candor.memory.buffer, candor.candor_address(handle) >>> 0, bytes.length).set(bytes);
  return handle;
}

/**
 * @param {Record<string, any>} candor
 * @param {number} handle
 */
function read(candor, handle) {
  const [address, length] = [candor.candor_address(handle) >>> 0, candor.candor_length(handle) >>> 0];
  return new TextDecoder().decode(new Uint8Array(candor.memory.buffer, address, length));
}

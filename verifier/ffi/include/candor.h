/* Made by `CANDOR_HEADER=write cargo test -p candor-ffi --test header`. */

#ifndef CANDOR_H
#define CANDOR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

// How a verification ended. The numbers are those of the command line's exit codes.
enum CandorStatus
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // Everything that was asked is established.
  CANDOR_STATUS_ACCEPTED = 0,
  // A defect of the verifier; nothing is known about the input.
  CANDOR_STATUS_UNEXPECTED = 1,
  // A null pointer, or a length that no buffer can have.
  CANDOR_STATUS_USAGE = 2,
  // The bytes are not what they should be.
  CANDOR_STATUS_MALFORMED = 3,
  // Well formed, but rejected by a named check.
  CANDOR_STATUS_REJECTED = 4,
  // Beyond a documented limit.
  CANDOR_STATUS_LIMIT = 5,
  // It rests on something that the caller did not agree to.
  CANDOR_STATUS_REFUSED_ASSUMPTION = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum CandorStatus CandorStatus;
#else
typedef int32_t CandorStatus;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// The ids that everything is checked against.
typedef struct CandorExpected {
  // The program that must have decided.
  uint8_t program_id[32];
  // The agent that must have signed.
  uint8_t agent[20];
  // Contract of the records' domain.
  uint8_t verifying_contract[20];
  // Chain of the records' domain.
  uint64_t chain_id;
  // Digest of the reference string that must have been used; zeros: not pinned, a ceremony is then only declared.
  uint8_t setup_digest[32];
  // Id of the key that a seal must have been made with; zeros: not pinned, a ceremony is then only declared.
  uint8_t seal_key_id[32];
  // Non-zero: a ceremony that is only declared, by whoever made card or key, is good enough.
  uint8_t allow_declared_ceremony;
  // Non-zero: a development string or key, with which its maker can forge everything, is good enough.
  uint8_t allow_development_setup;
} CandorExpected;

// Bytes that the caller owns; not kept after the call.
typedef struct CandorBytes {
  // First byte; may be null only if `length` is 0.
  const uint8_t *data;
  // Number of bytes.
  uintptr_t length;
} CandorBytes;

// Where a sentence about the result goes: UTF-8, cut to fit, always zero-terminated. May be null.
typedef struct CandorText {
  // First byte.
  uint8_t *data;
  // Room, the terminating zero included.
  uintptr_t capacity;
} CandorText;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Verifies a bundle and its proof.
//
// # Safety
// `expected` is null or points to a `CandorExpected`; every buffer has the length it says.
CandorStatus candor_verify(const struct CandorExpected *expected_ids,
                           struct CandorBytes bundle,
                           struct CandorBytes proof,
                           struct CandorText text);

// Verifies a seal with a program's card and the verifying key of its class.
//
// # Safety
// As [`candor_verify`].
CandorStatus candor_verify_seal(const struct CandorExpected *expected_ids,
                                struct CandorBytes card,
                                struct CandorBytes key,
                                struct CandorBytes seal,
                                struct CandorText text);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CANDOR_H */

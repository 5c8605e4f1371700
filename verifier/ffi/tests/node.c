/* A small node in C: verifies the files named on its command line and exits with the status.
 *
 *   node EXPECTED proof BUNDLE PROOF
 *   node EXPECTED seal CARD KEY SEAL
 *
 * EXPECTED is a file of 32 + 20 + 20 + 8 bytes: program id, agent, contract, chain id (big endian).
 */
#include "candor.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct CandorBytes load(const char *path) {
    struct CandorBytes bytes = {NULL, 0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "cannot open %s\n", path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    rewind(file);
    uint8_t *data = malloc(length > 0 ? (size_t)length : 1);
    if (data == NULL || fread(data, 1, (size_t)length, file) != (size_t)length) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    fclose(file);
    bytes.data = data;
    bytes.length = (uintptr_t)length;
    return bytes;
}

int main(int argc, char **argv) {
    struct CandorExpected expected;
    struct CandorBytes ids;
    uint8_t sentence[512];
    struct CandorText text = {sentence, sizeof sentence};
    int status = 2;
    if (argc < 5) {
        return 2;
    }
    ids = load(argv[1]);
    if (ids.length != 80) {
        return 2;
    }
    memset(&expected, 0, sizeof expected);
    memcpy(expected.program_id, ids.data, 32);
    memcpy(expected.agent, ids.data + 32, 20);
    memcpy(expected.verifying_contract, ids.data + 52, 20);
    for (int i = 0; i < 8; i++) {
        expected.chain_id = (expected.chain_id << 8) | ids.data[72 + i];
    }
    expected.allow_development_setup = getenv("ALLOW_DEVELOPMENT_SETUP") != NULL;
    if (strcmp(argv[2], "proof") == 0) {
        status = candor_verify(&expected, load(argv[3]), load(argv[4]), text);
    } else if (strcmp(argv[2], "seal") == 0 && argc > 5) {
        status = candor_verify_seal(&expected, load(argv[3]), load(argv[4]), load(argv[5]), text);
    }
    printf("%d %s\n", status, (const char *)sentence);
    return status;
}

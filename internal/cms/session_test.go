package cms

import (
	"bytes"
	"crypto/sha1"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// words are the words of each line of a recording.
func words(t *testing.T, name string) (lines [][]string) {
	for line := range strings.Lines(string(readFile(t, name))) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.Fields(line))
		}
	}
	return lines
}

// Challenges of other programs hold what their peers answered (RFC 5024,
// sections 5.3.17 and 5.3.18).
func TestRecordedChallenges(t *testing.T) {
	t.Parallel()
	lines := words(t, "challenges.txt")
	require.Len(t, lines, 4)
	for _, line := range lines {
		auch, aurp := unhex(t, line[2]), unhex(t, line[3])
		require.EqualValues(t, 'A', auch[0])
		require.EqualValues(t, 'S', aurp[0])
		challenge, err := DecryptBytes(auch[3:], loadParty(t, line[1]).recipient())
		require.NoError(t, err)
		if line[0] == "odette" {
			require.True(t, bytes.HasPrefix(challenge, []byte{idOctetString, 20}), "a string in the string")
			challenge = challenge[2:]
		}
		assert.Equal(t, aurp[1:], challenge)

		_, err = DecryptBytes(auch[3:], Recipient{newCertificate(t, "stranger", loadParty(t, "bob").key), nil})
		require.ErrorIs(t, err, NotForUs)
	}
}

// A receipt whose signature is detached, for a file that is here too.
func TestRecordedReceipt(t *testing.T) {
	t.Parallel()
	alice, bob := loadParty(t, "alice"), loadParty(t, "bob")
	eerp := unhex(t, words(t, "receipt.txt")[0][0])
	hash := eerp[108:128]
	sum := sha1.Sum(readFile(t, "cms-321.cms"))
	assert.Equal(t, sum[:], hash)

	// EERPDSN, EERPDATE and EERPTIME, EERPDEST, EERPORIG, EERPHSH.
	signed := bytes.Join([][]byte{eerp[1:27], eerp[30:48], eerp[56:106], hash}, nil)
	signatures, err := VerifyBytes(eerp[130:], signed, known(bob))
	require.NoError(t, err)
	require.Len(t, signatures, 1)
	assert.Equal(t, bob.cert, signatures[0].Certificate)
	assert.Equal(t, "2026-11-20", signatures[0].Time.Format("2006-01-02"))

	for i := range signed {
		other := bytes.Clone(signed)
		other[i] ^= 1
		_, err = VerifyBytes(eerp[130:], other, known(bob))
		require.ErrorIs(t, err, BadSignature, "octet %d", i)
	}
	_, err = VerifyBytes(eerp[130:], signed, known(alice))
	require.ErrorIs(t, err, UnknownSigner)
}

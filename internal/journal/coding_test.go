package journal

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// golden are records as the first version writes them. They never change: files
// that have them must be read for ever. The checksums are crc32.Castagnoli.
var golden = []struct {
	name       string
	record     record
	key, value string // in hexadecimal; the value without its checksum
}{
	{
		"receipt",
		&Owed{Number: 258, Receipt: Receipt{
			Partner: "P", File: FileID{"N", "D", "T", "O", "E"}, User: "U", Reason: 34, ReasonText: "R", Creator: "C",
			Hash: []byte{1, 2}, Signature: []byte{3}, Held: true, Owed: time.Unix(64, 5).UTC(),
		}},
		"0150 0000000000000102",
		"01 014e 0144 0154 014f 0145 0155 22 0152 0143 020102 0103 01 8001 05",
	},
	{
		"received",
		&Received{File: FileID{Name: "N"}, Partner: "P", Path: "in", At: time.Unix(-1, 0).UTC()},
		"014e 00 00 00 00",
		"01 0150 02696e 01 00",
	},
	{
		"sent",
		&Sent{File: FileID{Name: "N"}, Partner: "P", Path: "x", State: Refused, At: time.Unix(1, 0).UTC(), AnsweredAt: time.Unix(2, 0).UTC(), Reason: 99},
		"014e 00 00 00 00",
		"01 0150 0178 04 02 00 04 00 63 00 00",
	},
	{
		"restart",
		&RestartPoint{RestartKey: RestartKey{"P", FileID{Name: "N"}, true}, Path: "a", Stored: "b", Position: 300, At: time.Unix(0, 0).UTC()},
		"0150 014e 00 00 00 00 01",
		"01 0161 0162 ac02 00 00",
	},
}

func octets(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	require.NoError(t, err)
	return b
}

// sealed appends the checksum.
func sealed(key, body []byte) []byte {
	return binary.BigEndian.AppendUint32(bytes.Clone(body), checksum(key, body))
}

// decodeAs decodes a record of the type of like.
func decodeAs(like record, key, value []byte) (record, error) {
	switch like.(type) {
	case *Owed:
		r, err := decode[Owed](key, value)
		return &r, err
	case *Received:
		r, err := decode[Received](key, value)
		return &r, err
	case *Sent:
		r, err := decode[Sent](key, value)
		return &r, err
	default:
		r, err := decode[RestartPoint](key, value)
		return &r, err
	}
}

func TestRecordsAreWrittenAsEver(t *testing.T) {
	t.Parallel()
	for _, row := range golden {
		key, value := encode(row.record)
		assert.Equal(t, octets(t, row.key), key, row.name)
		assert.Equal(t, sealed(key, octets(t, row.value)), value, row.name)
		got, err := decodeAs(row.record, key, value)
		require.NoError(t, err, row.name)
		assert.Equal(t, row.record, got, row.name)
	}
}

// The checksum of "123456789" is in every description of CRC-32C.
func TestTheChecksumIsCRC32C(t *testing.T) {
	t.Parallel()
	assert.Equal(t, uint32(0xE3069283), checksum([]byte("1234"), []byte("56789")))
}

func TestNoPartOfARecordIsARecord(t *testing.T) {
	t.Parallel()
	for _, row := range golden {
		key, body := octets(t, row.key), octets(t, row.value)
		for n := range len(body) {
			_, err := decodeAs(row.record, key, sealed(key, body[:n]))
			assert.Error(t, err, "%s: %d octets of the value", row.name, n)
		}
		for n := range len(key) {
			_, err := decodeAs(row.record, key[:n], sealed(key[:n], body))
			assert.Error(t, err, "%s: %d octets of the key", row.name, n)
		}
		longKey, longBody := append(bytes.Clone(key), 0), append(bytes.Clone(body), 0)
		_, err := decodeAs(row.record, key, sealed(key, longBody))
		assert.Error(t, err, row.name)
		_, err = decodeAs(row.record, longKey, sealed(longKey, body))
		assert.Error(t, err, row.name)
	}
}

func TestAFlippedBitIsNoticed(t *testing.T) {
	t.Parallel()
	for _, row := range golden {
		key, value := encode(row.record)
		for i := range 8 * (len(key) + len(value)) {
			k, v := bytes.Clone(key), bytes.Clone(value)
			if at := i / 8; at < len(k) {
				k[at] ^= 1 << (i % 8)
			} else {
				v[at-len(k)] ^= 1 << (i % 8)
			}
			_, err := decodeAs(row.record, k, v)
			assert.Error(t, err, "%s: bit %d", row.name, i)
		}
	}
}

func TestRecordsOutOfTheirLimits(t *testing.T) {
	t.Parallel()
	key := octets(t, "014e 00 00 00 00")
	for name, body := range map[string]string{
		"a state that is none":           "01 0150 0178 05 02 00 04 00 63 00 00",
		"no state":                       "01 0150 0178 00 02 00 04 00 63 00 00",
		"a reason of three digits":       "01 0150 0178 04 02 00 04 00 64 00 00",
		"a number beyond 31 bits":        "01 0150 0178 8080808008 02 00 04 00 63 00 00",
		"a number without an end":        "01 0150 0178 ffffffffffffffffffff01 02 00 04 00 63 00 00",
		"more nanoseconds than a second": "01 0150 0178 04 02 8094ebdc03 04 00 63 00 00",
		"no partner":                     "01 00 0178 04 02 00 04 00 63 00 00",
		"a newer version":                "02 0150 0178 04 02 00 04 00 63 00 00",
		"no version":                     "",
	} {
		_, err := decode[Sent](key, sealed(key, octets(t, body)))
		assert.Error(t, err, name)
	}
	nameless := octets(t, "00 00 00 00 00")
	_, err := decode[Sent](nameless, sealed(nameless, octets(t, "01 0150 0178 04 02 00 04 00 63 00 00")))
	assert.Error(t, err, "no name")
	restart := octets(t, "0150 014e 00 00 00 00 02")
	_, err = decode[RestartPoint](restart, sealed(restart, octets(t, "01 0161 0162 ac02 00 00")))
	assert.Error(t, err, "a flag of 2")
	_, err = decode[Sent](key, []byte{1, 2, 3})
	assert.Error(t, err)
}

// FuzzDecode gives the decoder records whose checksum is right. What it takes it
// must give back when it is written again.
func FuzzDecode(f *testing.F) {
	for _, row := range golden {
		f.Add(octets(f, row.key), octets(f, row.value))
	}
	f.Fuzz(func(t *testing.T, key, body []byte) {
		for _, row := range golden {
			r, err := decodeAs(row.record, key, sealed(key, body))
			if err != nil {
				continue
			}
			key, value := encode(r)
			again, err := decodeAs(row.record, key, value)
			require.NoError(t, err)
			assert.Equal(t, r, again)
		}
	})
}

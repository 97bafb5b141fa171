package certstore

import (
	"encoding/asn1"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSameName(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		a, b string
		want bool
	}{
		{"CN=www.server.com, OU=test, C=US", "CN=www.server.com,OU=test,C=US", true},
		{"CN=www.server.com, OU=test, C=US", "cn = www.server.com ; ou=test;c=US", true},
		{"CN=www.server.com, OU=test, C=US", "C=US, OU=test, CN=www.server.com", true},
		{"CN=a, S=Bayern, E=x@y", "CN=a, ST=Bayern, emailAddress=x@y", true},
		{`CN=a, O="Car, Body GmbH"`, `CN=a, O=Car\, Body GmbH`, true},
		{`CN="a ", O=b\`, `CN=a\ , O=b\`, true},
		{`CN=a\\ , O=b`, `CN="a\",O=b`, true},
		{"CN=a+SERIALNUMBER=1, C=DE", "CN=a, SERIALNUMBER=1, C=DE", true},
		{"CN=www.server.com", "CN=WWW.server.com", false},
		{"CN=www.server.com", "CN=www.server.com, C=US", false},
		{"CN=www.server.com", "www.server.com", false},
		{"CN=www.server.com", "", false},
		{"=x", "=x", false},
	} {
		assert.Equal(t, row.want, sameName(row.a, row.b), "%s / %s", row.a, row.b)
	}
}

func TestValueText(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		tag   int
		bytes string
		want  string
	}{
		{asn1.TagUTF8String, "M\u00fcnchen", "M\u00fcnchen"},
		{asn1.TagUTF8String, "M\xfcnchen", "M\uFFFDnchen"},
		{asn1.TagPrintableString, "Ediport", "Ediport"},
		{asn1.TagT61String, "M\xfcnchen", "M\u00fcnchen"},
		{asn1.TagBMPString, "\x00M\x00\xfc", "M\u00fc"},
		{asn1.TagBMPString, "\x00M\x00", "#1e03004d00"},
		{asn1.TagInteger, "\x05", "#020105"},
	} {
		full := string([]byte{byte(row.tag), byte(len(row.bytes))}) + row.bytes
		var value asn1.RawValue
		_, err := asn1.Unmarshal([]byte(full), &value)
		require.NoError(t, err)
		assert.Equal(t, row.want, valueText(value))
	}
	assert.Empty(t, nameText([]byte("no DER")))
}

// FuzzDN checks that any value survives quoting and parsing, and that no text
// disturbs the parser.
func FuzzDN(f *testing.F) {
	for _, seed := range []string{"plain", `a, b`, `"`, `\`, ` x `, "a\nb", `a""b,`, "#05", "CN=a,O=b", "+;="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		_, _ = parseName(value)
		want := attribute{"CN", value}
		got, ok := parseName(want.String() + ", O=x")
		require.True(t, ok)
		require.Equal(t, []attribute{want, {"O", "x"}}, got)
	})
}

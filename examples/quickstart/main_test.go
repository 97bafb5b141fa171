package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQuickstart(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp) // TMP on Windows
	t.Setenv("TMP", temp)
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))

	text := out.String()
	assert.Equal(t, 3, strings.Count(text, "server  EERP"), "a receipt for each file")
	assert.Equal(t, 1, strings.Count(text, "client  EERP"), "one for the file that was fetched")
	assert.Equal(t, 4, strings.Count(text, "octets, identical"))
	assert.Equal(t, 4, strings.Count(text, "DATA x "), "counts, not a line for each buffer")
	assert.Contains(t, text, "Done: 3 files delivered")
	assert.Less(t, strings.Count(text, "\n"), 80, "it must stay readable")
	assert.NotContains(t, text, carMakerPassword)
	assert.NotContains(t, text, supplierPassword)
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	assert.Empty(t, left, "the temporary folder must be gone")
}

func TestReportFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	require.NoError(t, generate(a, 1000))
	require.NoError(t, generate(b, 1001))
	missing := filepath.Join(dir, "missing")
	for name, c := range map[string]struct {
		sources, arrived, receipts []string
		want                       string
	}{
		"a file has not come":    {[]string{a, b}, []string{a}, []string{"r"}, "1 have arrived"},
		"a file is another":      {[]string{a, b}, []string{a, a}, []string{"r"}, "differ"},
		"a receipt has not come": {[]string{a, b}, []string{a, b}, nil, "0 receipts"},
		"a source is gone":       {[]string{missing}, []string{a}, nil, "missing"},
		"a copy is gone":         {[]string{a}, []string{missing}, nil, "missing"},
	} {
		assert.ErrorContains(t, report(new(bytes.Buffer), c.sources, c.arrived, c.receipts), c.want, name)
	}
	assert.Error(t, generate(filepath.Join(dir, "no", "folder"), 1))
}

func TestTheForecastIsWellFormed(t *testing.T) {
	t.Parallel()
	segments := strings.Count(string(delfor), "'") - 1 // UNA shows one, too
	assert.Contains(t, string(delfor), "UNT+23+1'")
	assert.Equal(t, 23+2, segments, "UNB and UNZ stand around the message")
}

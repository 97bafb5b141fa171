package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	o, err := parse([]string{
		"-listen", ":3305", "-ssid", "ME", "-partner", "A:PWD", "-partner", "B::BFILES",
		"-outbound", "A=" + path, "-config", "CreditCount=7",
	}, new(bytes.Buffer))
	require.NoError(t, err)
	assert.Equal(t, "ME", o.sfid)
	assert.Equal(t, partners{"A": {password: "PWD"}, "B": {sfid: "BFILES"}}, o.partners)
	assert.Equal(t, []file{{"A", path}}, o.outbound)
	assert.Equal(t, []string{"CreditCount=7"}, o.settings)
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	base := []string{"-listen", "127.0.0.1:0", "-ssid", "ME", "-partner", "A:PWD"}
	for want, args := range map[string][]string{
		"-listen or -tls-listen is needed":    {"-ssid", "ME"},
		"-ssid is needed":                     {"-listen", ":0"},
		"unexpected argument":                 append(base, "more"),
		"needs CMS":                           append(base, "-partner-auth", "A"),
		"invalid value \"A=f\"":               append(base, "-partner-cert", "A=f"),
		"belong together":                     append(base, "-cert", "f"),
		"-tls-listen needs":                   append(base, "-tls-listen", ":0"),
		"no -partner C":                       append(base, "-outbound", "C=f"),
		"-outbound A=":                        append(base, "-outbound", "A="+filepath.Join(t.TempDir(), "none")),
		"use SSID=FILE":                       append(base, "-outbound", "A"),
		"use SSID:PASSWORD":                   append(base, "-partner", "A"),
		"given before":                        append(base, "-partner", "A:X"),
		"at most 25":                          append(base, "-partner", "B:PASSWORD9"),
		"codes have":                          append(base, "-password", "PASSWORD9"),
		"use NAME=VALUE":                      append(base, "-config", "CreditCount"),
		"-config NoSuchSetting=1":             append(base, "-config", "NoSuchSetting=1"),
		"-config CreditCount=0":               append(base, "-config", "CreditCount=0"),
		"none.pem":                            append(base, "-cert", "none.pem", "-key", "none.pem"),
		"flag provided but not defined: -foo": append(base, "-foo"),
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, exitUsage, run(t.Context(), args, &stdout, &stderr), want)
		assert.Contains(t, stderr.String(), want)
		assert.Empty(t, stdout.String())
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	assert.Equal(t, exitOK, run(t.Context(), []string{"-h"}, new(bytes.Buffer), &stderr))
	for _, text := range []string{"Usage: oftpserver", "-tls-listen HOST:PORT", "-partner SSID:PASSWORD", "-grace"} {
		assert.Contains(t, stderr.String(), text)
	}
}

func TestAPortThatIsTaken(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	args := []string{"-listen", "256.0.0.1:0", "-ssid", "ME"}
	assert.Equal(t, exitFailed, run(t.Context(), args, new(bytes.Buffer), &stderr))
	assert.Contains(t, stderr.String(), "256.0.0.1")
}

func TestTheEndOfTheContextEndsTheServer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	assert.Equal(t, exitOK, run(ctx, []string{"-listen", "127.0.0.1:0", "-ssid", "ME"}, &stdout, &stderr))
	assert.Regexp(t, `^listening 127\.0\.0\.1:\d+\n$`, stdout.String())
	assert.Contains(t, stderr.String(), "shutting down")
}

func TestAdmission(t *testing.T) {
	t.Parallel()
	p := partners{"A": {password: "PWD", sfid: "AFILES"}, "B": {}}
	for _, c := range []struct {
		ssid, password string
		want           int
	}{
		{"A", "PWD", reasonNone},
		{"B", "", reasonNone},
		{"A", "pwd", reasonWrongPassword},
		{"A", "PW", reasonWrongPassword},
		{"A", "", reasonWrongPassword},
		{"B", "PWD", reasonWrongPassword},
		{"C", "PWD", reasonUnknownUser},
		{"", "", reasonUnknownUser},
	} {
		_, reason := p.admit(c.ssid, c.password)
		assert.Equal(t, c.want, reason, "%q %q", c.ssid, c.password)
	}
	found, _ := p.admit("A", "PWD")
	assert.Equal(t, "AFILES", found.sfid)
}

func TestOneSessionHasAFile(t *testing.T) {
	t.Parallel()
	b := newOutbox([]file{{"A", "1"}, {"B", "2"}, {"A", "3"}})
	assert.Equal(t, []string{"1", "3"}, b.take("A"))
	assert.Empty(t, b.take("A"))
	b.add("A")
	b.add("A", "3")
	assert.Equal(t, []string{"3"}, b.take("A"), "what failed stays queued")
	assert.Equal(t, []string{"2"}, b.take("B"))
}

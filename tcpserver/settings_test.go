package tcpserver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSettingsAsDocumented(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"AllowedClients": "*", "BlockedClients": "", "BindExclusively": "True",
		"DefaultConnectionTimeout": "0", "DefaultIdleTimeout": "0",
		"InBufferSize": "0", "OutBufferSize": "0",
		"KeepAlive": "True", "KeepAliveTime": "0", "KeepAliveInterval": "0", "KeepAliveRetryCount": "0",
		"Linger": "True", "TcpNoDelay": "True",
		"LoginTimeout": "30", "FailedLoginDelay": "1", "MaxConnections": "1000", "MaxConnectionsPerClient": "0", "UseIPv6": "0",

		"ProxyProtocol": "0", "ProxyProtocolSources": "", "ProxyProtocolTimeout": "5",

		"LogSSLPackets": "False", "ReuseSSLSession": "True",
		"SSLCheckCRL": "0", "SSLCheckOCSP": "0",
		"SSLCACerts": "", "SSLClientCACerts": "", "SSLKeyLogFile": "",
		"SSLCipherStrength": "0", "SSLEnabledCipherSuites": "*", "SSLEnabledProtocols": "15360",
		"TLS12SignatureAlgorithms": "", "TLS12SupportedGroups": "",
		"TLS13SignatureAlgorithms": "", "TLS13SupportedGroups": "",

		"MaskSensitiveData": "True", "MaskSensitive": "True", "ProcessIdleEvents": "True",
		"SelectWaitMillis": "20", "UseInternalSecurityAPI": "True",
	}
	core := NewCore()
	visited := 0
	Settings(func(scope, name, kind, def, access, doc string) {
		visited++
		assert.NotEmpty(t, doc, name)
		if scope != "server" {
			return
		}
		value, err := core.Config(name)
		switch {
		case access == "refused":
			assert.Equal(t, 10045, code(t, err), name)
			assert.Contains(t, err.Error(), doc, "the advice is in the error")
			_, err = core.Config(name + "=True")
			assert.Equal(t, 10045, code(t, err), name)
		case access == "read":
			require.NoError(t, err, name)
			assert.Contains(t, value, "ediport", name)
			_, err = core.Config(name + "=x")
			assert.Equal(t, 10022, code(t, err), name)
		default:
			require.NoError(t, err, name)
			assert.NotEmpty(t, kind, name)
			expected, known := want[name]
			assert.True(t, known, "%s is not in this test", name)
			assert.Equal(t, expected, value, name)
			assert.Equal(t, expected, def, name)
			delete(want, name)
			// What is read can be written, in any case of letters.
			again, err := core.Config(strings.ToUpper(name) + "=" + value)
			require.NoError(t, err, name)
			assert.Equal(t, value, again, name)
		}
	})
	assert.Empty(t, want)
	assert.Greater(t, visited, 60)
}

func TestBadValuesChangeNothing(t *testing.T) {
	t.Parallel()
	bad := map[string][]string{
		"AllowedClients":           {"10.0.0.0/99", "a b"},
		"BlockedClients":           {"*.example.com"},
		"BindExclusively":          {"", "maybe", "2"},
		"DefaultConnectionTimeout": {"-1", "soon", "NaN", "1e300"},
		"DefaultIdleTimeout":       {"-1", ""},
		"FailedLoginDelay":         {"-0.5"},
		"InBufferSize":             {"-1", "1.5", "2000000000"},
		"KeepAliveRetryCount":      {"-1", "128"},
		"KeepAliveTime":            {"-1"},
		"LoginTimeout":             {"x"},
		"MaxConnections":           {"0", "-1", "100001", "many"},
		"SelectWaitMillis":         {"-20"},
		"UseIPv6":                  {"3", "-1", "IPv5"},
		"LogSSLPackets":            {"perhaps"},
		"SSLCACerts":               {"no PEM", "-----BEGIN CERTIFICATE-----\nAAAA"},
		"SSLClientCACerts":         {newECIssued().keyPEM()},
		"SSLCipherStrength":        {"-1", "257"},
		"SSLEnabledCipherSuites":   {"", "TLS_NO_SUCH_SUITE", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
		"SSLEnabledProtocols":      {"0", "-1", "7", "48", "TLS 1.2"},
		"SSLKeyLogFile":            {"no/such/folder/keys.log", "."},
		"TLS12SignatureAlgorithms": {"rot13"},
		"TLS12SupportedGroups":     {"ffdhe_2048", "x25519mlkem768"},
		"TLS13SignatureAlgorithms": {"ed448"},
		"TLS13SupportedGroups":     {"ecdhe_x448"},
		"UseInternalSecurityAPI":   {"False"},
	}
	core := NewCore()
	before := *core.store.Load()
	for name, values := range bad {
		for _, value := range values {
			old := setting(t, core, name)
			_, err := core.Config(name + "=" + value)
			if assert.Error(t, err, "%s=%s", name, value) {
				assert.Contains(t, []int{10022, 10045}, code(t, err), "%s=%s", name, value)
			}
			assert.Equal(t, old, setting(t, core, name))
		}
	}
	assert.Equal(t, before, *core.store.Load())
	assert.Nil(t, core.tls.Load(), "nothing was compiled")
}

func newECIssued() issued { return issue(nil, newECKey(), "unused", false) }

func TestSettingsThatDoNotExist(t *testing.T) {
	t.Parallel()
	core := NewCore()
	for text, want := range map[string]int{
		"":                        10022,
		"=1":                      10022,
		"NoSuchSetting":           10022,
		"NoSuchSetting=1":         10022,
		"NoSuchSetting[1]":        10022,
		"Linger[1]":               10022,
		"IdleTimeout":             10022, // it belongs to a connection
		"IdleTimeout[1":           10022,
		"IdleTimeout[1]":          126,
		"IdleTimeout[1]=5":        126,
		"SSLNegotiatedVersion[1]": 126,
		"ConnectionUID[]":         126,
	} {
		_, err := core.Config(text)
		assert.Equal(t, want, code(t, err), text)
	}
}

func TestConnectionSettings(t *testing.T) {
	t.Parallel()
	core, e := NewCore(), newLineEcho()
	configure(t, core, "DefaultIdleTimeout=90")
	start(t, core, Options{Push: e})
	dial(t, core)
	dial(t, core)
	one, two := receive(t, e.opened, "Open"), receive(t, e.opened, "Open")
	of := func(c *Conn, name string) string { return name + "[" + c.ID() + "]" }

	assert.Equal(t, "90", setting(t, core, of(one, "IdleTimeout")))
	assert.Equal(t, "1.5", setting(t, core, of(one, "idletimeout")+"=1.5"))
	assert.Equal(t, "1.5", setting(t, core, of(one, "IdleTimeout")))
	assert.Equal(t, "90", setting(t, core, of(two, "IdleTimeout")))
	_, err := core.Config(of(two, "IdleTimeout") + "=-1")
	assert.Equal(t, 10022, code(t, err))
	assert.Equal(t, "90", setting(t, core, of(two, "IdleTimeout")))

	uid := setting(t, core, of(one, "ConnectionUID"))
	assert.Regexp(t, "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", uid)
	assert.NotEqual(t, uid, setting(t, core, of(two, "ConnectionUID")))
	_, err = core.Config(of(one, "ConnectionUID") + "=mine")
	assert.Equal(t, 10022, code(t, err))

	assert.Empty(t, setting(t, core, of(one, "SSLNegotiatedVersion")), "there is no TLS")
}

func TestMaskSensitive(t *testing.T) {
	t.Parallel()
	core := NewCore()
	assert.True(t, core.MaskSensitive())
	configure(t, core, "MaskSensitive=False")
	assert.False(t, core.MaskSensitive())
	assert.Equal(t, "False", setting(t, core, "MaskSensitiveData"))
}

func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		"Linger", "linger=no", "IdleTimeout[1]=5", "UseIPv6=both", "AllowedClients=10.*", "MaxConnections=1000000000000000000000",
		"SSLEnabledProtocols=192", "SSLEnabledCipherSuites=TLS_RSA_WITH_AES_128_CBC_SHA", "[", "=", "SSLCACerts=-----BEGIN CERTIFICATE-----",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(strings.ToLower(text), "keylogfile") {
			return // it would write files
		}
		core := NewCore()
		before := *core.store.Load()
		value, err := core.Config(text)
		if err != nil {
			code(t, err)
			assert.Equal(t, before, *core.store.Load())
			return
		}
		name, _, _ := strings.Cut(text, "=")
		assert.Equal(t, value, setting(t, core, name), "what Config returns is what it reads")
	})
}

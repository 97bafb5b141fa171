package certstore

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/needs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

// hostKeys are a key of each kind, with what the tool says is the public key.
var hostKeys = []struct {
	kind          StoreType
	store, public string
	algorithms    []string
}{
	{StorePPKFile, "putty/rsa-secret-v3.ppk", "putty/rsa.pub", []string{"rsa-sha2-256", "rsa-sha2-512"}},
	{StorePEMKeyFile, "ssh/p256", "ssh/p256.pub", []string{"ecdsa-sha2-nistp256"}},
	{StorePPKFile, "putty/ed25519-secret-v2.ppk", "putty/ed25519.pub", []string{"ssh-ed25519"}},
}

// The ssh client knows the host by the tool's public key, and is known itself
// by a public key of the store types for SSH.
func TestSSHWithOpenSSH(t *testing.T) {
	t.Parallel()
	for _, host := range hostKeys {
		for i, algorithm := range host.algorithms {
			for _, user := range []string{"ssh/rsa", "ssh/p256", "ssh/ed25519"} {
				t.Run(algorithm+" "+user, func(t *testing.T) {
					t.Parallel()
					client := needs.Program(t, "ssh")
					form := []string{".pub", ".rfc4716"}[i%2]
					port := greetSSH(t, tool(user+form), host.store)
					out, err := sshClient(t, client, port, algorithm, load(t, "tools/"+host.public), user)
					require.NoError(t, err, out)
					assert.Contains(t, out, "hello user")
				})
			}
		}
	}
}

// Without the right keys there is no greeting.
func TestSSHWithWrongKeys(t *testing.T) {
	t.Parallel()
	client := needs.Program(t, "ssh")
	port := greetSSH(t, tool("ssh/rsa.pub"), "putty/ed25519-secret-v2.ppk")
	out, err := sshClient(t, client, port, "ssh-ed25519", load(t, "tools/ssh/ed25519.pub"), "ssh/rsa")
	require.Error(t, err)
	assert.Contains(t, out, "REMOTE HOST IDENTIFICATION HAS CHANGED")
	out, err = sshClient(t, client, port, "ssh-ed25519", load(t, "tools/putty/ed25519.pub"), "ssh/p256")
	require.Error(t, err)
	assert.Contains(t, out, "Permission denied")
}

func TestSSHKeyscan(t *testing.T) {
	t.Parallel()
	scan := needs.Program(t, "ssh-keyscan")
	var stores, want []string
	for _, host := range hostKeys {
		stores = append(stores, host.store)
		want = append(want, keyOf(load(t, "tools/"+host.public)))
	}
	port := greetSSH(t, tool("ssh/rsa.pub"), stores...)
	var got []string
	for line := range strings.Lines(run(t, scan, "-p", port, "127.0.0.1")) {
		_, key, _ := strings.Cut(line, " ")
		got = append(got, keyOf(key))
	}
	assert.ElementsMatch(t, want, got)
}

// keyOf cuts off the comment.
func keyOf(line string) string { return strings.Join(strings.Fields(line)[:2], " ") }

// sshClient logs in, and returns all that ssh prints.
func sshClient(t *testing.T, program, port, algorithm, hostKey, user string) (string, error) {
	t.Helper()
	known := writeFile(t, "known_hosts", fmt.Appendf(nil, "[127.0.0.1]:%s %s\n", port, keyOf(hostKey)))
	args := []string{"-v", "-F", "none", "-p", port, "-i", writeFile(t, "identity", []byte(load(t, "tools/"+user)))}
	for _, option := range []string{
		"UserKnownHostsFile=" + known, "GlobalKnownHostsFile=none", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes",
		"IdentityAgent=none", "BatchMode=yes", "HostKeyAlgorithms=" + algorithm,
	} {
		args = append(args, "-o", option)
	}
	out, err := exec.CommandContext(t.Context(), program, append(args, "user@127.0.0.1", "greet")...).CombinedOutput()
	return string(out), err
}

// greetSSH says hello to whoever has the private key of a public key in a
// file, and returns the port.
func greetSSH(t *testing.T, user string, stores ...string) (port string) {
	t.Helper()
	known, err := Open(StoreSSHPublicKeyFile, user, "", "")
	require.NoError(t, err)
	key, err := known.SSHPublicKey()
	require.NoError(t, err)
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, shown ssh.PublicKey) (*ssh.Permissions, error) {
		if !bytes.Equal(shown.Marshal(), key.Marshal()) {
			return nil, errors.New("a stranger")
		}
		return nil, nil
	}}
	for _, store := range stores {
		cert, err := Open(StoreAuto, tool(store), "secret", "")
		require.NoError(t, err)
		signer, err := cert.SSHSigner()
		require.NoError(t, err)
		config.AddHostKey(signer)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err = net.SplitHostPort(serve(t, listener, func(nc net.Conn) { greetOne(nc, config) }))
	require.NoError(t, err)
	return port
}

// greetOne serves one connection; strangers get no further than the handshake.
func greetOne(nc net.Conn, config *ssh.ServerConfig) {
	conn, channels, requests, err := ssh.NewServerConn(nc, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, asked, err := offered.Accept()
		if err != nil {
			return
		}
		for request := range asked {
			_ = request.Reply(request.Type == "exec", nil) // the client notices
			if request.Type == "exec" {
				fmt.Fprintln(channel, "hello", conn.User())
				_, _ = channel.SendRequest("exit-status", false, make([]byte, 4))
				channel.Close()
			}
		}
	}
}

func TestSSHKeysOfStores(t *testing.T) {
	t.Parallel()
	for _, row := range identities {
		source := row.Source
		source.Store, source.Password = tool(row.Store), "secret"
		cert, err := source.Open()
		require.NoError(t, err)
		signer, err := cert.SSHSigner()
		require.NoError(t, err)
		public, err := cert.SSHPublicKey()
		require.NoError(t, err)
		assert.Equal(t, public.Marshal(), signer.PublicKey().Marshal())
		signature, err := signer.Sign(rand.Reader, []byte("data"))
		require.NoError(t, err)
		require.NoError(t, public.Verify([]byte("data"), signature))
	}
}

func TestNoSSHKey(t *testing.T) {
	t.Parallel()
	public, err := Open(StoreSSHPublicKeyFile, tool("ssh/rsa.pub"), "", "")
	require.NoError(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	require.NoError(t, err)
	small, err := FromX509(newCert(t, key, commonName("small")), key)
	require.NoError(t, err)

	_, err = public.SSHSigner()
	assert.Equal(t, 273, err.(*Error).Code)
	require.ErrorContains(t, err, "the store has no private key for it")
	_, err = new(Certificate).SSHPublicKey()
	assert.Equal(t, 273, err.(*Error).Code)
	require.ErrorContains(t, err, "no public key")
	_, err = small.SSHSigner()
	assert.Equal(t, 273, err.(*Error).Code)
	require.ErrorContains(t, err, "P-256, P-384 or P-521")
	_, err = small.SSHPublicKey()
	require.ErrorContains(t, err, `"CN=small"`)
}

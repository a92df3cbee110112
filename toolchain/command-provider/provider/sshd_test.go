package provider_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"
)

// key is an SSH key pair: the private half in OpenSSH's PEM, the public one as an authorized_keys line.
type key struct {
	raw             ed25519.PrivateKey
	private, public string
}

func newKey(t *testing.T) key {
	t.Helper()
	_, raw, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(raw, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	return key{raw, string(pem.EncodeToMemory(block)), line}
}

// encrypted is the private half, encrypted with a password.
func (k key) encrypted(t *testing.T, password string) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKeyWithPassphrase(k.raw, "", []byte(password))
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

// host is a real sshd on a port of 127.0.0.1 that logs in the user of this test with one key.
type host struct {
	hostKey, userKey key
	port             int
	accepted         atomic.Int32 // connections
	drop             atomic.Int32 // how many of the next connections are closed at once
}

// startHost starts an sshd with some more lines of configuration. It ends with the test.
func startHost(t *testing.T, settings ...string) *host {
	t.Helper()
	sshd := findSSHD(t)
	h := &host{hostKey: newKey(t), userKey: newKey(t)}
	config := h.configure(t, settings)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.port = listener.Addr().(*net.TCPAddr).Port
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			h.accepted.Add(1)
			go h.serve(t, sshd, config, conn.(*net.TCPConn))
		}
	}()
	return h
}

func findSSHD(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("sshd")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/sshd")
	}
	if err != nil {
		t.Fatal("these tests need OpenSSH's server: apt-get install openssh-server (it need not run)")
	}
	if os.Geteuid() == 0 {
		// sshd run by root insists on this folder; Debian makes it only when the service starts.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func (h *host) configure(t *testing.T, settings []string) string {
	t.Helper()
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	lines := append([]string{
		"HostKey " + file("host_key", h.hostKey.private),
		"AuthorizedKeysFile " + file("authorized_keys", h.userKey.public+"\n"),
		"StrictModes no",
		"UsePAM no",
		"PidFile none",
		"PermitRootLogin prohibit-password",
		"PasswordAuthentication no",
		"KbdInteractiveAuthentication no",
		"Subsystem sftp internal-sftp",
	}, settings...)
	return file("sshd_config", strings.Join(lines, "\n")+"\n")
}

// serve hands one connection to an sshd of its own (inetd mode), so that no port can be lost between test and sshd.
func (h *host) serve(t *testing.T, sshd, config string, conn *net.TCPConn) {
	defer func() { _ = conn.Close() }()
	if h.drop.Add(-1) >= 0 {
		return
	}
	stream, err := conn.File()
	if err != nil {
		return
	}
	defer func() { _ = stream.Close() }()
	var messages bytes.Buffer
	cmd := exec.CommandContext(t.Context(), sshd, "-i", "-e", "-f", config)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stream, stream, &messages
	if err := cmd.Run(); err != nil && t.Context().Err() == nil && os.Getenv("SSHD_VERBOSE") != "" {
		fmt.Fprintf(os.Stderr, "sshd: %v\n%s", err, messages.String())
	}
}

func (h *host) address() string { return fmt.Sprintf("127.0.0.1:%d", h.port) }

// login is the connection input that reaches the host and verifies it.
func (h *host) login(t *testing.T) props {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return props{
		"host":       text("127.0.0.1"),
		"port":       number(float64(h.port)),
		"user":       text(me.Username),
		"privateKey": secret(h.userKey.private),
		"hostKey":    text(h.hostKey.public),
		// A fault of the test shows at once.
		"dialErrorLimit": number(0),
	}
}

// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <string_view>

#include <loopwatch/impl/symbolize/handler_name.hpp>

// The names of types are those of real operations: of a program compiled with exact_tracking.hpp.

namespace handler_name_test {

using loopwatch::detail::handler_name_of;
using loopwatch::detail::template_parts_of;
using loopwatch::detail::type_text;

namespace {

struct row {
    char const *compilers_name, *operation, *handler;
};

}  // namespace

TEST_CASE("a user's handler is found in the type of its operation, however wrapped", "[handler_name]")
{
    auto const [compilers_name, operation, handler] = GENERATE(values<row>({
        // g++ 12, Asio 1.22
        {"N4asio6detail11executor_opINS0_7binder0IN3app7functorEEESaIvENS0_19scheduler_operationEEE", "post",
         "app::functor"},
        {"N4asio6detail11executor_opINS0_7binder0IZN12_GLOBAL__N_15serveERNS_10io_contextEiEUlvE_EESaIvENS0_"
         "19scheduler_operationEEE",
         "post", "(anonymous namespace)::serve(asio::io_context&, int)::{lambda}"},
        {"N4asio6detail11executor_opINS0_7binder0IZN3app11in_templateIdEEvRNS_10io_contextET_EUlvE_EESaIvENS0_"
         "19scheduler_operationEEE",
         "post", "app::in_template<double>(asio::io_context&, double)::{lambda}"},
        {"N4asio6detail11executor_opINS0_7binder0IZN3app11in_templateINSt7__cxx1112basic_stringIcSt11char_"
         "traitsIcESaIcEEEEEvRNS_10io_contextET_EUlvE_EESaIvENS0_19scheduler_operationEEE",
         "post", "app::in_template<std::string>(asio::io_context&, std::string)::{lambda}"},
        {"N4asio6detail11executor_opINS0_7binder0IN12_GLOBAL__N_16hiddenEEESaIvENS0_19scheduler_operationEEE", "post",
         "(anonymous namespace)::hidden"},
        {"N4asio6detail11executor_opINS0_7binder0IN3app8tfunctorINSt7__cxx1112basic_stringIcSt11char_"
         "traitsIcESaIcEEEEEEESaIvENS0_19scheduler_operationEEE",
         "post", "app::tfunctor<std::string>"},
        {"N4asio6detail11executor_opIZ4mainEUlvE8_SaIvENS0_19scheduler_operationEEE", "post", "main::{lambda}"},
        {"N4asio6detail18completion_handlerIZ4mainEUlvE10_NS_10io_context19basic_executor_typeISaIvELm0EEEEE", "post",
         "main::{lambda}"},
        {"N4asio6detail11executor_opINS0_7binder0INS_15executor_binderIZ4mainEUlvE12_NS_10io_context19basic_executor_"
         "typeISaIvELm0EEEEEEES7_NS0_19scheduler_operationEEE",
         "post", "main::{lambda}"},
        {"N4asio6detail11executor_opINS0_15work_dispatcherINS_15executor_binderIZ4mainEUlvE13_NS_6strandINS_10io_"
         "context19basic_executor_typeISaIvELm0EEEEEEESA_vEES8_NS0_19scheduler_operationEEE",
         "post", "main::{lambda}"},
        {"N4asio6detail11executor_opINS0_15work_dispatcherINS0_16packaged_handlerIZ4mainEUlvE28_SaIvEiEENS0_16promise_"
         "executorIiNS_9execution6detail8blocking10possibly_tILi0EEEEEvEES5_NS0_19scheduler_operationEEE",
         "post", "main::{lambda}"},
        {"N4asio6detail25reactive_socket_sendto_opINS_15const_buffers_1ENS_2ip14basic_endpointINS3_"
         "3udpEEEN3app7functorENS_15any_io_executorEEE",
         "async_send_to", "app::functor"},
        {"N4asio6detail19descriptor_write_opINS_15const_buffers_1ENS0_8write_opINS_5posix23basic_stream_descriptorINS_"
         "15any_io_executorEEES2_PKNS_12const_bufferENS0_14transfer_all_tEZ4mainEUlSt10error_codemE24_EES6_EE",
         "async_write", "main::{lambda}"},
        {"N4asio6detail25reactive_socket_accept_opINS_12basic_socketINS_2ip3tcpENS_15any_io_executorEEES4_"
         "Z4mainEUlSt10error_codeE17_S5_EE",
         "async_accept", "main::{lambda}"},
        {"N4asio6detail26reactive_socket_connect_opIZ4mainEUlSt10error_codeE18_NS_15any_io_executorEEE",
         "async_connect", "main::{lambda}"},
        {"N4asio6detail30reactive_socket_move_accept_opINS_2ip3tcpENS_15any_io_executorEZ4mainEUlSt10error_codeNS_"
         "19basic_stream_socketIS3_S4_EEE19_S4_EE",
         "async_accept", "main::{lambda}"},
        {"N4asio6detail26reactive_socket_connect_opINS0_16range_connect_opINS_2ip3tcpENS_15any_io_"
         "executorESt5arrayINS3_14basic_endpointIS4_EELm1EENS0_25default_connect_conditionEZ4mainEUlSt10error_codeRKS8_"
         "E20_EES5_EE",
         "async_connect", "main::{lambda}"},
        {"N4asio6detail27reactive_socket_recvfrom_opINS_17mutable_buffers_1ENS_2ip14basic_endpointINS3_"
         "3udpEEEZ4mainEUlSt10error_codemE22_NS_15any_io_executorEEE",
         "async_receive_from", "main::{lambda}"},
        {"N4asio6detail18descriptor_read_opINS_17mutable_buffers_1EZ4mainEUlSt10error_codemE23_NS_15any_io_executorEEE",
         "async_read_some", "main::{lambda}"},
        {"N4asio6detail14signal_handlerIZ4mainEUlSt10error_codeiE16_NS_15any_io_executorEEE", "async_wait",
         "main::{lambda}"},
        {"N4asio6detail23reactive_socket_send_opINS_15const_buffers_1ENS0_8write_opINS_19basic_stream_socketINS_"
         "2ip3tcpENS_15any_io_executorEEENS_17mutable_buffers_1EPKNS_14mutable_bufferENS0_14transfer_all_"
         "tEZN3app7session6start2EvEUlSt10error_codemE_EES7_EE",
         "async_write", "app::session::start2()::{lambda}"},
        {"N4asio6detail11executor_opINS0_7binder2INS0_7read_opINS_19basic_stream_socketINS_2ip3tcpENS_15any_io_"
         "executorEEENS_17mutable_buffers_1EPKNS_14mutable_bufferENS0_14transfer_all_tENS_15executor_"
         "binderIZZ4mainENKUlSt10error_codeE18_clESF_EUlSF_mE_NS_6strandINS_10io_context19basic_executor_"
         "typeISaIvELm0EEEEEEEEESF_mEESL_NS0_19scheduler_operationEEE",
         "async_read", "main::{lambda}::{lambda}"},
        {"N4asio6detail16reactive_wait_opIZ4mainEUlSt10error_codeE25_NS_15any_io_executorEEE", "async_wait",
         "main::{lambda}"},
        {"N4asio6detail12wait_handlerIN3app7functorENS_15any_io_executorEEE", "async_wait", "app::functor"},
        {"N4asio6detail12wait_handlerINS_24cancellation_slot_binderIZ4mainEUlSt10error_codeE29_NS_17cancellation_"
         "slotEEENS_15any_io_executorEEE",
         "async_wait", "main::{lambda}"},
        {"N4asio6detail12wait_handlerINS0_11composed_opIZ4mainEUlRT_St10error_codeE30_NS0_13composed_workIFvNS_15any_"
         "io_executorEEEEN3app7functorEFvS5_EEES8_EE",
         "async_wait", "app::functor"},
        {"N4asio6detail16resolve_query_opINS_2ip3tcpEZ4mainEUlSt10error_codeNS2_22basic_resolver_resultsIS3_EEE21_NS_"
         "15any_io_executorEEE",
         "async_resolve", "main::{lambda}"},
        {"N4asio6detail11executor_opINS0_7binder1INS_15executor_binderIZ4mainEUlSt10error_codeE14_NS_6strandINS_10io_"
         "context19basic_executor_typeISaIvELm0EEEEEEES4_EES9_NS0_19scheduler_operationEEE",
         "dispatch", "main::{lambda}"},
        {"N4asio6detail11executor_opINS0_7binder0ISt5_BindIFZ4mainEUliE_iEEEESaIvENS0_19scheduler_operationEEE", "post",
         "main::{lambda}"},
        {"N4asio6detail12wait_handlerINS0_15promise_handlerIFvSt10error_codeESaIvEEENS_15any_io_executorEEE",
         "async_wait", "use_future"},
        {"N4asio6detail12wait_handlerINS0_17awaitable_handlerINS_15any_io_executorEJSt10error_codeEEES3_EE",
         "async_wait", "coroutine"},
        // g++ 12, Asio 1.38
        {"N4asio6detail11executor_opINS0_15work_dispatcherINS0_19empty_work_functionENS_15executor_"
         "binderIZ4mainEUlvE14_NS_6strandINS_10io_context19basic_executor_typeISaIvELm0EEEEEEESB_vEES9_NS0_19scheduler_"
         "operationEEE",
         "post", "main::{lambda}"},
        {"N4asio6detail12wait_handlerINS0_14append_handlerIZ4mainEUlSt10error_codeiE31_JiEEENS_15any_io_executorEEE",
         "async_wait", "main::{lambda}"},
        {"N4asio6detail12wait_handlerINS0_15consign_handlerIZ4mainEUlSt10error_codeE32_JSt10shared_ptrIiEEEENS_15any_"
         "io_executorEEE",
         "async_wait", "main::{lambda}"},
        {"N4asio6detail12wait_handlerINS0_15prepend_handlerIZ4mainEUliSt10error_codeE33_JiEEENS_15any_io_executorEEE",
         "async_wait", "main::{lambda}"},
        {"N4asio6detail12wait_handlerINS_16allocator_binderIZ4mainEUlSt10error_codeE34_SaIiEEENS_15any_io_executorEEE",
         "async_wait", "main::{lambda}"},
        {"N4asio6detail12wait_handlerINS_25immediate_executor_binderIZ4mainEUlSt10error_codeE35_NS_10io_context19basic_"
         "executor_typeISaIvELm0EEEEENS_15any_io_executorEEE",
         "async_wait", "main::{lambda}"},
        {"N4asio6detail12wait_handlerINS0_16as_tuple_handlerIZ4mainEUlSt5tupleIJSt10error_codeEEE36_EENS_15any_io_"
         "executorEEE",
         "async_wait", "main::{lambda}"},
        {"N4asio6detail12wait_handlerINS0_22redirect_error_handlerIZ4mainEUlvE37_EENS_15any_io_executorEEE",
         "async_wait", "main::{lambda}"},
        {"N4asio6detail23reactive_socket_send_opINS_12const_bufferENS0_8write_opINS_19basic_stream_socketINS_"
         "2ip3tcpENS_15any_io_executorEEENS_14mutable_bufferEPKS9_NS_3ssl6detail18transfer_unlimitedENSD_5io_opIS8_NSD_"
         "12handshake_opEZ4mainEUlSt10error_codeE40_EEEES7_EE",
         "async_handshake", "main::{lambda}"},
        {"N4asio6detail23reactive_socket_recv_opINS_14mutable_bufferENS_3ssl6detail5io_opINS_19basic_stream_socketINS_"
         "2ip3tcpENS_15any_io_executorEEENS4_12handshake_opEZ4mainEUlSt10error_codeE40_EES9_EE",
         "async_handshake", "main::{lambda}"},
        {"N4asio6detail12wait_handlerINS0_26awaitable_async_op_handlerIFvSt10error_codeENS_15any_io_executorEvEES5_EE",
         "async_wait", "coroutine"},
        // g++ 12, Boost 1.74
        {"N5boost4asio6detail11executor_opIN3app7functorESaIvENS1_19scheduler_operationEEE", "post", "app::functor"},
        {"N5boost4asio6detail11executor_opIZN12_GLOBAL__N_15serveERNS0_10io_contextEiEUlvE_SaIvENS1_19scheduler_"
         "operationEEE",
         "post", "(anonymous namespace)::serve(boost::asio::io_context&, int)::{lambda}"},
        {"N5boost4asio6detail23reactive_socket_send_opINS0_15const_buffers_1ENS1_8write_opINS0_19basic_stream_"
         "socketINS0_2ip3tcpENS0_9execution12any_executorIJNS8_12context_as_tIRNS0_17execution_contextEEENS8_"
         "6detail8blocking7never_tILi0EEENS8_11prefer_onlyINSF_10possibly_tILi0EEEEENSI_INSE_16outstanding_"
         "work9tracked_tILi0EEEEENSI_INSM_11untracked_tILi0EEEEENSI_INSE_12relationship6fork_tILi0EEEEENSI_INST_"
         "14continuation_tILi0EEEEEEEEEENS0_17mutable_buffers_1EPKNS0_14mutable_bufferENS1_14transfer_all_"
         "tEZN3app7session6start2EvEUlNS_6system10error_codeEmE_EES10_EE",
         "async_write", "app::session::start2()::{lambda}"},
        {"N5boost4asio6detail12wait_handlerINS1_17awaitable_handlerINS0_9execution12any_executorIJNS4_12context_as_"
         "tIRNS0_17execution_contextEEENS4_6detail8blocking7never_tILi0EEENS4_11prefer_onlyINSB_10possibly_"
         "tILi0EEEEENSE_INSA_16outstanding_work9tracked_tILi0EEEEENSE_INSI_11untracked_tILi0EEEEENSE_INSA_"
         "12relationship6fork_tILi0EEEEENSE_INSP_14continuation_tILi0EEEEEEEEJNS_6system10error_codeEEEESW_EE",
         "async_wait", "coroutine"},
        // Boost.Beast 1.74
        {"N5boost4asio6detail26reactive_socket_connect_opINS_5beast12basic_streamINS0_2ip3tcpENS0_9execution12any_"
         "executorIJNS7_12context_as_tIRNS0_17execution_contextEEENS7_6detail8blocking7never_tILi0EEENS7_11prefer_"
         "onlyINSE_10possibly_tILi0EEEEENSH_INSD_16outstanding_work9tracked_tILi0EEEEENSH_INSL_11untracked_"
         "tILi0EEEEENSH_INSD_12relationship6fork_tILi0EEEEENSH_INSS_14continuation_tILi0EEEEEEEENS3_21unlimited_rate_"
         "policyEE3ops10connect_opIZ4mainEUlNS_6system10error_codeEE1_EESZ_EE",
         "async_connect", "main::{lambda}"},
        {"N5boost4asio6detail23reactive_socket_send_opINS_5beast19buffers_prefix_viewINS3_6detail11buffers_refINS4_"
         "IRKNS3_14buffers_suffixINS6_INS3_16buffers_cat_viewIJNS0_12const_bufferES9_S9_NS3_4http12basic_"
         "fieldsISaIcEE6writer11field_rangeENSA_10chunk_crlfEEEEEEEEEEEEEENS3_12basic_streamINS0_2ip3tcpENS0_"
         "9execution12any_executorIJNSS_12context_as_tIRNS0_17execution_contextEEENSS_6detail8blocking7never_"
         "tILi0EEENSS_11prefer_onlyINSZ_10possibly_tILi0EEEEENS12_INSY_16outstanding_work9tracked_tILi0EEEEENS12_INS16_"
         "11untracked_tILi0EEEEENS12_INSY_12relationship6fork_tILi0EEEEENS12_INS1D_14continuation_tILi0EEEEEEEENS3_"
         "21unlimited_rate_policyEE3ops11transfer_opILb0ESN_NSA_6detail13write_some_opINS1P_8write_opINS1P_12write_msg_"
         "opIZZ4mainENKUlNS_6system10error_codeEE2_clES1U_EUlS1U_mE_S1M_Lb1ENSA_10empty_bodyESD_EES1M_NS1P_"
         "18serializer_is_doneELb1ES1X_SD_EES1M_Lb1ES1X_SD_EEEES1K_EE",
         "async_write", "main::{lambda}::{lambda}"},
        {"N5boost4asio6detail23reactive_socket_recv_opINS_5beast19buffers_prefix_viewINS0_14mutable_bufferEEENS3_"
         "12basic_streamINS0_2ip3tcpENS0_9execution12any_executorIJNSA_12context_as_tIRNS0_17execution_contextEEENSA_"
         "6detail8blocking7never_tILi0EEENSA_11prefer_onlyINSH_10possibly_tILi0EEEEENSK_INSG_16outstanding_"
         "work9tracked_tILi0EEEEENSK_INSO_11untracked_tILi0EEEEENSK_INSG_12relationship6fork_tILi0EEEEENSK_INSV_"
         "14continuation_tILi0EEEEEEEENS3_21unlimited_rate_policyEE3ops11transfer_opILb1ES5_NS1_11composed_opINS3_"
         "4http6detail12read_some_opIS14_NS3_17basic_flat_bufferISaIcEEELb0EEENS1_13composed_workIFvS12_EEENS17_INS19_"
         "7read_opIS14_S1D_Lb0ENS19_14parser_is_doneEEES1H_NS19_11read_msg_opIS14_S1D_Lb0ENS18_17basic_string_"
         "bodyIcSt11char_traitsIcES1C_EES1C_ZZZ4mainENKUlNS_6system10error_codeEE2_clES1R_ENKUlS1R_mE_clES1R_mEUlS1R_"
         "mE_EEFvS1R_mEEES1W_EEEES12_EE",
         "async_read", "main::{lambda}::{lambda}::{lambda}"},
        // without RTTI: g++ 12, clang 19
        {"uint32_t loopwatch::exact_v1::exact::enter() [with Operation = "
         "asio::detail::executor_op<asio::detail::binder0<main()::<lambda()> >, std::allocator<void>, "
         "asio::detail::scheduler_operation>; uint32_t = unsigned int]",
         "post", "main()::{lambda}"},
        {"uint32_t loopwatch::exact_v1::exact::enter() [with Operation = "
         "asio::detail::executor_op<asio::detail::binder0<{anonymous}::serve(asio::io_context&, int)::<lambda()> >, "
         "std::allocator<void>, asio::detail::scheduler_operation>; uint32_t = unsigned int]",
         "post", "(anonymous namespace)::serve(asio::io_context&, int)::{lambda}"},
        {"uint32_t loopwatch::exact_v1::exact::enter() [with Operation = "
         "asio::detail::reactive_socket_send_op<asio::const_buffer, "
         "asio::detail::write_op<asio::basic_stream_socket<asio::ip::tcp>, asio::mutable_buffer, const "
         "asio::mutable_buffer*, asio::detail::transfer_all_t, app::session::start2()::<lambda(std::error_code, "
         "std::size_t)> >, asio::any_io_executor>; uint32_t = unsigned int]",
         "async_write", "app::session::start2()::{lambda}"},
        {"uint32_t loopwatch::exact_v1::exact::enter() [with Operation = "
         "asio::detail::wait_handler<asio::detail::awaitable_handler<asio::any_io_executor, std::error_code>, "
         "asio::any_io_executor>; uint32_t = unsigned int]",
         "async_wait", "coroutine"},
        {"uint32_t loopwatch::exact_v1::exact::enter() [with Operation = "
         "asio::detail::executor_op<asio::detail::binder0<std::_Bind<main()::<lambda(int)>(int)> >, "
         "std::allocator<void>, asio::detail::scheduler_operation>; uint32_t = unsigned int]",
         "post", "main()::{lambda}"},
        {"std::uint32_t loopwatch::exact::enter() [Operation = "
         "asio::detail::executor_op<asio::detail::binder0<app::functor>, std::allocator<void>>]",
         "post", "app::functor"},
        {"std::uint32_t loopwatch::exact::enter() [Operation = "
         "asio::detail::executor_op<asio::detail::binder0<(anonymous namespace)::hidden>, std::allocator<void>>]",
         "post", "(anonymous namespace)::hidden"},
    }));
    auto const name = handler_name_of(compilers_name);
    CHECK(name.operation == operation);
    CHECK(name.handler == handler);
    CHECK_FALSE(name.nameless);
    CHECK_FALSE(name.runs_others);
}

TEST_CASE("of a pointer to a function only its type is known, and of a lambda without RTTI by clang that it is one",
          "[handler_name]")
{
    auto const [compilers_name, operation, handler] = GENERATE(values<row>({
        {"N4asio6detail11executor_opINS0_7binder0IPFvvEEESaIvENS0_19scheduler_operationEEE", "post", "void (*)()"},
        {"N4asio6detail11executor_opINS0_7binder0ISt5_BindIFPFviEiEEEESaIvENS0_19scheduler_operationEEE", "post",
         "void (*)(int)"},
        {"N4asio6detail11executor_opINS0_7binder0ISt11_Bind_frontIPFviEJiEEEESaIvENS0_19scheduler_operationEEE", "post",
         "void (*)(int)"},
        {"N4asio6detail12wait_handlerIPFvRKSt10error_codeENS_15any_io_executorEEE", "async_wait",
         "void (*)(std::error_code const&)"},
        {"N4asio6detail23reactive_socket_recv_opINS_17mutable_buffers_1ESt5_BindIFMN3app7sessionEFvSt10error_"
         "codemESt10shared_ptrIS5_ESt12_PlaceholderILi1EESB_ILi2EEEENS_15any_io_executorEEE",
         "async_receive", "void (app::session::*)(std::error_code, unsigned long)"},
        {"N4asio6detail23reactive_socket_recv_opINS_17mutable_buffers_1ENS0_7read_opINS_19basic_stream_socketINS_"
         "2ip3tcpENS_15any_io_executorEEES2_PKNS_14mutable_bufferENS0_14transfer_all_tESt11_Bind_"
         "frontIMN3app7sessionEFvSt10error_codemEJSt10shared_ptrISF_EEEEES7_EE",
         "async_read", "void (app::session::*)(std::error_code, unsigned long)"},
        {"N4asio6detail12wait_handlerISt5_BindIFMN3app7sessionEFvSt10error_codeEPS4_St12_PlaceholderILi1EEEENS_15any_"
         "io_executorEEE",
         "async_wait", "void (app::session::*)(std::error_code)"},
        {"N5boost4asio6detail12wait_handlerIPFvRKNS_6system10error_codeEENS0_9execution12any_executorIJNS9_12context_"
         "as_tIRNS0_17execution_contextEEENS9_6detail8blocking7never_tILi0EEENS9_11prefer_onlyINSG_10possibly_"
         "tILi0EEEEENSJ_INSF_16outstanding_work9tracked_tILi0EEEEENSJ_INSN_11untracked_tILi0EEEEENSJ_INSF_"
         "12relationship6fork_tILi0EEEEENSJ_INSU_14continuation_tILi0EEEEEEEEEE",
         "async_wait", "void (*)(boost::system::error_code const&)"},
        {"N5boost4asio6detail23reactive_socket_recv_opINS0_17mutable_buffers_1ESt5_BindIFMN3app7sessionEFvNS_"
         "6system10error_codeEmESt10shared_ptrIS6_ESt12_PlaceholderILi1EESD_ILi2EEEENS0_9execution12any_executorIJNSI_"
         "12context_as_tIRNS0_17execution_contextEEENSI_6detail8blocking7never_tILi0EEENSI_11prefer_onlyINSP_"
         "10possibly_tILi0EEEEENSS_INSO_16outstanding_work9tracked_tILi0EEEEENSS_INSW_11untracked_tILi0EEEEENSS_INSO_"
         "12relationship6fork_tILi0EEEEENSS_INS13_14continuation_tILi0EEEEEEEEEE",
         "async_receive", "void (app::session::*)(boost::system::error_code, unsigned long)"},
        {"N5boost4asio6detail23reactive_socket_recv_opINS_5beast19buffers_prefix_viewINS0_14mutable_bufferEEENS3_"
         "12basic_streamINS0_2ip3tcpENS0_9execution12any_executorIJNSA_12context_as_tIRNS0_17execution_contextEEENSA_"
         "6detail8blocking7never_tILi0EEENSA_11prefer_onlyINSH_10possibly_tILi0EEEEENSK_INSG_16outstanding_"
         "work9tracked_tILi0EEEEENSK_INSO_11untracked_tILi0EEEEENSK_INSG_12relationship6fork_tILi0EEEEENSK_INSV_"
         "14continuation_tILi0EEEEEEEENS3_21unlimited_rate_policyEE3ops11transfer_opILb1ES5_NS1_11composed_opINS3_"
         "4http6detail12read_some_opIS14_NS3_17basic_flat_bufferISaIcEEELb1EEENS1_13composed_workIFvS12_EEENS17_INS19_"
         "7read_opIS14_S1D_Lb1ENS19_14parser_is_doneEEES1H_NS19_11read_msg_opIS14_S1D_Lb1ENS18_17basic_string_"
         "bodyIcSt11char_traitsIcES1C_EES1C_NS3_6detail18bind_front_wrapperIM7sessionFvNS_6system10error_"
         "codeEmEJSt10shared_ptrIS1S_EEEEEEFvS1U_mEEES21_EEEES12_EE",
         "async_read", "void (session::*)(boost::system::error_code, unsigned long)"},
        {"uint32_t loopwatch::exact_v1::exact::enter() [with Operation = "
         "asio::detail::reactive_socket_recv_op<asio::mutable_buffer, std::_Bind<void "
         "(app::session::*(std::shared_ptr<app::session>, std::_Placeholder<1>, "
         "std::_Placeholder<2>))(std::error_code, long unsigned int)>, asio::any_io_executor>; uint32_t = unsigned "
         "int]",
         "async_receive", "void (app::session::*)(std::error_code, long unsigned int)"},
        {"std::uint32_t loopwatch::exact::enter() [Operation = asio::detail::executor_op<asio::detail::binder0<(lambda "
         "at sample.cpp:119:22)>, std::allocator<void>>]",
         "post", "{lambda}"},
        {"std::uint32_t loopwatch::exact::enter() [Operation = "
         "asio::detail::reactive_socket_recv_op<asio::mutable_buffer, std::_Bind<void "
         "(app::session::*(std::shared_ptr<app::session>, std::_Placeholder<1>, "
         "std::_Placeholder<2>))(std::error_code, unsigned long)>, asio::any_io_executor>]",
         "async_receive", "void (app::session::*)(std::error_code, unsigned long)"},
        {"std::uint32_t loopwatch::exact::enter() [Operation = asio::detail::descriptor_read_op<asio::mutable_buffer, "
         "(lambda at sample.cpp:190:42), asio::any_io_executor>]",
         "async_read_some", "{lambda}"},
        {"std::uint32_t loopwatch::exact::enter() [Operation = "
         "asio::detail::executor_op<asio::detail::work_dispatcher<asio::detail::empty_work_function, "
         "asio::executor_binder<(lambda at sample.cpp:144:48), "
         "asio::strand<asio::io_context::basic_executor_type<std::allocator<void>, 0>>>, "
         "asio::strand<asio::io_context::basic_executor_type<std::allocator<void>, 0>>>, std::allocator<void>>]",
         "post", "{lambda}"},
    }));
    auto const name = handler_name_of(compilers_name);
    CHECK(name.operation == operation);
    CHECK(name.handler == handler);
    CHECK(name.nameless);
    bool const is_member = std::string_view{handler}.find("session::*") != std::string_view::npos;
    CHECK(name.member_of.ends_with("session") == is_member);
}

TEST_CASE("of an erased type no handler is known", "[handler_name]")
{
    auto const [compilers_name, operation, handler] = GENERATE(values<row>({
        {"N4asio6detail11executor_opINS0_7binder0ISt8functionIFvvEEEESaIvENS0_19scheduler_operationEEE", "post", ""},
        {"N4asio6detail11executor_opINS0_7binder0ISt13packaged_taskIFvvEEEESaIvENS0_19scheduler_operationEEE", "post",
         ""},
        {"N4asio6detail11executor_opINS0_7binder0ISt17reference_wrapperISt8functionIFvvEEEEESaIvENS0_19scheduler_"
         "operationEEE",
         "post", ""},
        {"N4asio6detail11executor_opINS0_17executor_functionESaIvENS0_19scheduler_operationEEE", "post", ""},
        {"N4asio6detail11executor_opINS0_23strand_executor_service7invokerIKNS_10io_context19basic_executor_"
         "typeISaIvELm0EEEvEES6_NS0_19scheduler_operationEEE",
         "strand", ""},
        {"N5boost4asio6detail11executor_opINS1_23strand_executor_service7invokerIKNS0_10io_context19basic_executor_"
         "typeISaIvELj0EEEvEES7_NS1_19scheduler_operationEEE",
         "strand", ""},
        {"N5boost4asio6detail12wait_handlerINS_5beast12basic_streamINS0_2ip3tcpENS0_9execution12any_executorIJNS7_"
         "12context_as_tIRNS0_17execution_contextEEENS7_6detail8blocking7never_tILi0EEENS7_11prefer_onlyINSE_"
         "10possibly_tILi0EEEEENSH_INSD_16outstanding_work9tracked_tILi0EEEEENSH_INSL_11untracked_tILi0EEEEENSH_INSD_"
         "12relationship6fork_tILi0EEEEENSH_INSS_14continuation_tILi0EEEEEEEENS3_21unlimited_rate_policyEE15timeout_"
         "handlerISZ_EESZ_EE",
         "async_wait", ""},
        {"uint32_t loopwatch::exact_v1::exact::enter() [with Operation = "
         "asio::detail::executor_op<asio::detail::strand_executor_service::invoker<const "
         "asio::io_context::basic_executor_type<std::allocator<void>, 0>, void>, std::allocator<void>, "
         "asio::detail::scheduler_operation>; uint32_t = unsigned int]",
         "strand", ""},
        {"std::uint32_t loopwatch::exact::enter() [Operation = "
         "asio::detail::executor_op<asio::detail::executor_function, std::allocator<void>>]",
         "post", ""},
    }));
    auto const name = handler_name_of(compilers_name);
    CHECK(name.operation == operation);
    CHECK(name.handler == handler);
    CHECK_FALSE(name.nameless);
    CHECK(name.runs_others == (name.operation == "strand"));
}

TEST_CASE("what is no operation's name is no handler's either", "[handler_name]")
{
    for (std::string_view const name : {"", "int", "_Znonsense", "N4asio6detail11executor_op", "Operation = ",
                                        "enter() [with Operation = asio::detail::executor_op<", "<<<<", "a<b>c<d>"}) {
        CAPTURE(name);
        CHECK_NOTHROW(handler_name_of(name));
    }
    CHECK(handler_name_of("").handler.empty());
    CHECK(handler_name_of("_Znonsense").handler.empty());
    std::string nested;
    for (int i = 0; i < 10000; ++i) nested += "asio::detail::binder0<";
    CHECK(handler_name_of("[Operation = " + nested).handler.empty());
}

TEST_CASE("an instance of a template is taken apart", "[handler_name]")
{
    auto const parts = template_parts_of("a<int>::b<c, d<e, f>, g(h, i)>");
    CHECK(parts.name == "a<int>::b");
    REQUIRE(parts.arguments.size() == 3);
    CHECK(parts.arguments[0] == "c");
    CHECK(parts.arguments[1] == "d<e, f>");
    CHECK(parts.arguments[2] == "g(h, i)");
    CHECK(template_parts_of("a<int>::b").name == "a<int>::b");
    CHECK(template_parts_of("f<int>(a)::{lambda}").arguments.empty());
    CHECK(template_parts_of("a::b").arguments.empty());
    CHECK(template_parts_of("<>").arguments.empty());
}

TEST_CASE("a type is spelled as in source code, with RTTI and without", "[handler_name]")
{
    CHECK(type_text("N3app8tfunctorINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEEE") ==
          "app::tfunctor<std::string>");
    CHECK(type_text("uint32_t loopwatch::exact_v1::exact::enter() [with Operation = {anonymous}::a<b<int> >; uint32_t "
                    "= unsigned int]") == "(anonymous namespace)::a<b<int>>");
    CHECK(type_text("std::uint32_t loopwatch::exact::enter() [Operation = a<(lambda at x.cpp:1:2)>]") == "a<{lambda}>");
}

}  // namespace handler_name_test
